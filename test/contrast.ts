/**
 * A script for a page: the texts that stand out too little from what they stand on, as `ratio text`
 * (https://www.w3.org/TR/WCAG22/#contrast-minimum: 4.5 to 1). Returns how many it looked at, too.
 */
export const contrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    const group = element.closest('.badge, .label, .card');
    const box = group?.querySelector('rect');
    if (box) return rgba(getComputedStyle(box).fill);
    for (let outer = element; outer; outer = outer.parentElement) {
      const color = rgba(getComputedStyle(outer).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const poor = new Set();
  let seen = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || /^(script|style|title|option)$/i.test(element.tagName) || !element.checkVisibility()) continue;
    seen++;
    const style = getComputedStyle(element);
    const inMap = element.closest('svg') !== null;
    const ink = luminance(rgba(inMap ? style.fill : style.color));
    const ground = luminance(groundOf(element));
    const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (ratio < 4.5) poor.add(ratio.toFixed(2) + ' ' + element.textContent.slice(0, 40));
  }
  return { seen, poor: [...poor] };
})()`;
