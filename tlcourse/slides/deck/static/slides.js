// Starts reveal.js, and makes the text of a slide smaller until the slide holds it.
const SMALLEST = 0.7;

function fit(slide) {
  const stack = slide.parentElement;
  const shown = [slide, stack].map((one) => [one, one.style.cssText]);
  for (const [one] of shown) one.style.cssText += ";display: block !important";
  let scale = 1;
  while (slide.scrollHeight > 720 && scale > SMALLEST) {
    scale -= 0.05;
    slide.style.setProperty("--scale", scale);
  }
  slide.dataset.overflows = slide.scrollHeight > 720;
  const kept = slide.style.getPropertyValue("--scale");
  for (const [one, before] of shown) one.style.cssText = before;
  if (kept) slide.style.setProperty("--scale", kept);
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
