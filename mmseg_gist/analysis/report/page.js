'use strict';
// One slider through the models along a path; one choice of class for all labels.
const data = JSON.parse(document.getElementById('slider').textContent);
const [path, stage, text, only] = ['path', 'stage', 'text', 'class'].map(
  (id) => document.getElementById(id));
const rows = [...document.querySelectorAll('.image')];

// The label with all other classes left out and the chosen one in orange, which
// stands out on gray to everyone.
async function isolate(source, color) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const same = color.every((value, k) => pixels.data[i + k] === value);
    const shown = same && pixels.data[i + 3] > 0;
    pixels.data.set(shown ? [255, 140, 0, 255] : [0, 0, 0, 0], i);
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

async function show(image, source) {
  image.hidden = !source;
  image.dataset.label = source || '';
  if (!source) return;
  const color = data.classes[only.value];
  const shown = color ? await isolate(source, color) : source;
  if (image.dataset.label === source && data.classes[only.value] === color) {
    image.src = shown; // nothing else was asked for meanwhile
  }
}

function update() {
  const { name, text: said } = data.paths[path.value][stage.value];
  text.textContent = said;
  stage.setAttribute('aria-valuetext', said);
  for (const row of rows) {
    const found = data.models[name][row.dataset.image];
    const pseudo = row.querySelector('.pseudo');
    const confidence = row.querySelector('.confidence');
    show(pseudo, found && found.label);
    pseudo.alt = `pseudo-label by stage ${name}`;
    confidence.hidden = !found;
    if (found) confidence.src = found.confidence;
    confidence.alt = `confidence of stage ${name}`;
    row.querySelector('.kept').textContent = found
      ? `pseudo-label, ${found.kept.toFixed(1)} % kept` : 'not labeled by this model';
    row.querySelector('.mean').textContent = found
      ? `confidence, mean ${found.mean_confidence.toFixed(2)}` : '';
  }
}

function choose() {
  stage.max = data.paths[path.value].length - 1;
  stage.value = stage.max;
  update();
}

for (const image of document.querySelectorAll('.label:not(.pseudo)')) {
  image.dataset.human = image.src;
}
path.addEventListener('change', choose);
stage.addEventListener('input', update);
only.addEventListener('change', () => {
  document.body.classList.toggle('one-class', Boolean(only.value));
  for (const image of document.querySelectorAll('[data-human]')) {
    show(image, image.dataset.human);
  }
  update();
});
choose();
