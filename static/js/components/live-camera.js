/** The camera and the microphone: which there are, opening them, what goes wrong, and pictures for the server. */
import { element } from "../lib/dom.js";

const LONGEST_SIDE = 640;
const QUALITY = 0.8;

/** What to say when a device cannot be opened: title, what to do. @type {Record<string, [string, string]>} */
export const PROBLEMS = {
  NotAllowedError: ["The camera is not allowed", "The browser, or the system, refuses it to this site. Press the camera sign in the address bar, allow camera and microphone, then try again."],
  NotFoundError: ["There is no camera", "Plug one in, or switch it on, then try again. A phone's camera works too: open this page there."],
  NotReadableError: ["The camera is in use", "Another program or tab has it, or the microphone. Close that one, then try again."],
  OverconstrainedError: ["This camera cannot be used", "It gives no picture that fits. Choose another one."],
  AbortError: ["The camera does not start", "Plug it in anew, close other programs that use a camera, then try again."],
  InsecureError: ["The camera needs a safe connection", "Browsers give a camera only to pages with https:// in the address. Ask the operator."],
};

export class LiveCamera extends EventTarget {
  /** @type {MediaStream | null} */ stream = null;
  #canvas = typeof OffscreenCanvas === "function" ? new OffscreenCanvas(LONGEST_SIDE, LONGEST_SIDE) : document.createElement("canvas");

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.dispatchEvent(new Event("devices")));
  }

  /**
   * Open the devices; those that were open are closed. Where there is a camera and no microphone, the camera alone.
   * @param {{camera?: string, microphone?: string | null}} wished ids; no microphone with null
   * @throws {Error} its name is one of PROBLEMS
   */
  async open({ camera = "", microphone = null }) {
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error("insecure"), { name: "InsecureError" });
    this.close();
    const wanted = {
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, ...(camera ? { deviceId: { exact: camera } } : { facingMode: "user" }) },
      // What the room sounds like is data here: nothing may be filtered away.
      audio: microphone === null ? false : { echoCancellation: false, noiseSuppression: false, autoGainControl: false, ...(microphone ? { deviceId: { exact: microphone } } : {}) },
    };
    const devices = navigator.mediaDevices;
    const stream = await devices.getUserMedia(wanted).catch((error) => {
      if (error.name !== "NotFoundError" || !wanted.audio) throw error;
      return devices.getUserMedia({ ...wanted, audio: false });
    });
    this.stream = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => { if (this.stream === stream) this.dispatchEvent(new CustomEvent("lost", { detail: track.kind })); });
    }
    this.video.srcObject = stream;
    await this.video.play();
  }

  /** Whether what is open can be heard. */
  get hasSound() { return Boolean(this.stream?.getAudioTracks().length); }

  close() {
    const old = this.stream;
    this.stream = null;
    old?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
  }

  /** Fill the two lists with what there is. @param {HTMLSelectElement} cameras @param {HTMLSelectElement | null} microphones */
  async list(cameras, microphones) {
    const all = await navigator.mediaDevices.enumerateDevices();
    const now = (/** @type {string} */ kind) => this.stream?.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId ?? "";
    fill(cameras, all.filter(({ kind }) => kind === "videoinput"), "Camera", now("video"), []);
    if (microphones) fill(microphones, all.filter(({ kind }) => kind === "audioinput"), "Microphone", now("audio"), [["none", "No sound"]]);
  }

  /** What is seen at this moment, never mirrored. @returns {Promise<ArrayBuffer | null>} a JPEG; null before the first picture */
  async picture() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !height) return null;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    const canvas = this.#canvas;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const context = /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null} */ (canvas.getContext("2d", { willReadFrequently: true }));
    context?.drawImage(this.video, 0, 0, wide, high);
    const blob = canvas instanceof HTMLCanvasElement
      ? await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY))
      : await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return blob ? blob.arrayBuffer() : null;
  }
}

/** @param {HTMLSelectElement} list @param {MediaDeviceInfo[]} devices @param {string} noun @param {string} chosen @param {[string, string][]} more */
function fill(list, devices, noun, chosen, more) {
  const rows = devices.map(({ deviceId, label }, index) => /** @type {[string, string]} */ ([deviceId, label || `${noun} ${index + 1}`]));
  list.replaceChildren(...[...rows, ...more].map(([value, label]) => element("option", { value }, label)));
  list.value = chosen || (more.length ? more[0][0] : list.options[0]?.value ?? "");
}

/** The format in which this browser records, the one that costs least first. @param {boolean} sound @returns {string} empty where it records nothing that is taken */
export function recordingType(sound) {
  const voice = sound ? ",opus" : "";
  const known = [`video/webm;codecs=vp8${voice}`, `video/webm;codecs=vp9${voice}`, "video/webm", "video/mp4"];
  return typeof MediaRecorder === "function" ? known.find((type) => MediaRecorder.isTypeSupported(type)) ?? "" : "";
}
