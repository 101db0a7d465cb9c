/** Pages on which a passkey is made or used. */
import { installPasskeys } from "../components/passkey.js";

installPasskeys();
