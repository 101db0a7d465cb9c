/** What every page does. Pages bring their own module in {% block scripts %}. */
import { installConfirm } from "./components/confirm.js";
import { installCopy } from "./components/copy.js";
import { installDropzones } from "./components/dropzone.js";
import { installMenus } from "./components/menu.js";
import { installScrollRegions } from "./components/scroll-regions.js";
import { installTabs } from "./components/tabs.js";
import { installThemeSwitch } from "./components/theme-switch.js";
import { installTimes } from "./components/times.js";

installConfirm();
installCopy();
installDropzones();
installMenus();
installScrollRegions();
installTabs();
installThemeSwitch();
installTimes();
