/** On the review page: the link to the neutral face takes the moment along that the player shows. */
const link = document.getElementById("neutral-link");
const video = document.getElementById("video");

if (link instanceof HTMLAnchorElement && video instanceof HTMLVideoElement) {
  link.addEventListener("click", () => {
    const address = new URL(link.href);
    address.searchParams.set("at", String(Math.round(video.currentTime * 1_000_000)));
    link.href = address.href;
  });
}
