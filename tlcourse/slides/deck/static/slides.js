// Starts reveal.js. Code is as large as its longest line and the slide allow; then the
// text of a slide gets smaller until the slide holds it.
const SMALLEST = 0.7;
const CODE = { smallest: 21, largest: 30, room: 1120, width: 0.61 }; // px, a letter in em

function largest(slide) {
  const lines = [...slide.querySelectorAll("pre")].flatMap((pre) => pre.textContent.split("\n"));
  const letters = Math.max(1, ...lines.map((line) => line.length));
  const fits = Math.floor(CODE.room / (CODE.width * letters));
  return Math.max(CODE.smallest, Math.min(CODE.largest, fits));
}

function fit(slide) {
  const stack = slide.parentElement;
  const shown = [slide, stack].map((one) => [one, one.style.cssText]);
  for (const [one] of shown) one.style.cssText += ";display: block !important";
  let code = largest(slide);
  const setCode = () => slide.style.setProperty("--code", `${code}px`);
  for (setCode(); slide.scrollHeight > 720 && code > CODE.smallest; setCode()) code -= 1;
  let scale = 1;
  while (slide.scrollHeight > 720 && scale > SMALLEST) {
    scale -= 0.05;
    slide.style.setProperty("--scale", scale);
  }
  slide.dataset.overflows = slide.scrollHeight > 720;
  const kept = slide.style.getPropertyValue("--scale");
  for (const [one, before] of shown) one.style.cssText = before;
  if (kept) slide.style.setProperty("--scale", kept);
  setCode();
}

Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  plugins: [RevealNotes],
}).then(() => {
  Reveal.getSlides().forEach(fit);
  document.body.dataset.ready = "yes";
});
