// What a node of the quantised network computes from stored integers (docs/numbers.md), written for the judge alone. Tensors are NCHW.

const f = Math.fround;

export function roundHalfEven(x) {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}

const clamp = (code, out) => Math.min(Math.max(code, out.lo), out.hi);

/** Sums of a convolution over x minus its zero point, with the bias; one array of a plane a channel. */
function convolution(x, weight, bias, a, outShape) {
  const [, inChannels, height, width] = x.shape;
  const [, channels, rows, cols] = outShape;
  const [kh, kw] = a.kernel_shape;
  const [sh, sw] = a.strides;
  const [top, left] = a.pads;
  const [dh, dw] = a.dilations ?? [1, 1];
  const perGroup = inChannels / a.group;
  const outPerGroup = channels / a.group;
  const sums = new Int32Array(channels * rows * cols);
  for (let o = 0; o < channels; ++o) {
    const plane = sums.subarray(o * rows * cols, (o + 1) * rows * cols).fill(bias[o]);
    for (let c = 0; c < perGroup; ++c) {
      const image = (Math.floor(o / outPerGroup) * perGroup + c) * height * width;
      for (let ky = 0; ky < kh; ++ky) {
        for (let kx = 0; kx < kw; ++kx) {
          const w = weight[((o * perGroup + c) * kh + ky) * kw + kx];
          if (w === 0) {
            continue;
          }
          for (let oy = 0; oy < rows; ++oy) {
            const y = oy * sh - top + ky * dh;
            if (y < 0 || y >= height) {
              continue;
            }
            for (let ox = 0; ox < cols; ++ox) {
              const ix = ox * sw - left + kx * dw;
              if (ix >= 0 && ix < width) {
                plane[oy * cols + ox] += w * (x.data[image + y * width + ix] - x.zero);
              }
            }
          }
        }
      }
    }
  }
  return sums;
}

export let lastSums;
export function conv(x, weight, weightScale, bias, slopes, attributes, out) {
  const sums = convolution(x, weight, bias, attributes, out.shape);
  lastSums = sums;
  const plane = out.shape[2] * out.shape[3];
  return Uint8Array.from(sums, (sum, i) => {
    const c = Math.floor(i / plane);
    const scale = f(f(x.scale * weightScale[c]) / out.scale);
    const used = sum < 0 && slopes ? f(scale * slopes[c]) : scale;
    return clamp(roundHalfEven(f(f(sum) * used)) + out.zero, out);
  });
}

/** Calls visit(values of the window inside the map) for each place of each plane. */
function eachWindow(x, a, outShape, visit) {
  const [, channels, height, width] = x.shape;
  const [, , rows, cols] = outShape;
  for (let c = 0; c < channels; ++c) {
    for (let oy = 0; oy < rows; ++oy) {
      for (let ox = 0; ox < cols; ++ox) {
        const taps = [];
        for (let ky = 0; ky < a.kernel_shape[0]; ++ky) {
          for (let kx = 0; kx < a.kernel_shape[1]; ++kx) {
            const y = oy * a.strides[0] - a.pads[0] + ky * (a.dilations?.[0] ?? 1);
            const ix = ox * a.strides[1] - a.pads[1] + kx * (a.dilations?.[1] ?? 1);
            if (y >= 0 && y < height && ix >= 0 && ix < width) {
              taps.push(x.data[(c * height + y) * width + ix]);
            }
          }
        }
        visit(taps);
      }
    }
  }
}

export function maxPool(x, attributes, out) {
  const result = [];
  eachWindow(x, attributes, out.shape, taps => result.push(Math.max(...taps)));
  return Uint8Array.from(result);
}

export function averagePool(x, attributes, out) {
  const [kh, kw] = attributes.kernel_shape;
  const result = [];
  eachWindow(x, attributes, out.shape, taps => {
    const sum = taps.reduce((s, v) => s + v - x.zero, 0);
    const divisor = attributes.count_include_pad ? kh * kw : taps.length;
    result.push(clamp(roundHalfEven(f(f(f(sum) * f(x.scale / out.scale)) / divisor)) + out.zero, out));
  });
  return Uint8Array.from(result);
}

export function add(a, b, out) {
  return a.data.map((v, i) => {
    const real = f(f(a.scale * (v - a.zero)) + f(b.scale * (b.data[i] - b.zero)));
    return clamp(roundHalfEven(f(real / out.scale)) + out.zero, out);
  });
}

export function mul(a, b, out) {
  const repeated = a.data.length / b.data.length;
  const scale = f(f(a.scale * b.scale) / out.scale);
  return a.data.map((v, i) => {
    const product = (v - a.zero) * (b.data[Math.floor(i / repeated)] - b.zero);
    return clamp(roundHalfEven(f(product * scale)) + out.zero, out);
  });
}

export function prelu(x, slopes, out) {
  const plane = x.shape[2] * x.shape[3];
  const scale = f(x.scale / out.scale);
  return x.data.map((v, i) => {
    const difference = v - x.zero;
    const used = difference < 0 ? f(scale * slopes[Math.floor(i / plane)]) : scale;
    return clamp(roundHalfEven(f(difference * used)) + out.zero, out);
  });
}

export function clip(x, out) {
  return x.data.map(v => clamp(v, out));
}

export function concat(parts) {
  const result = new Uint8Array(parts.reduce((n, part) => n + part.data.length, 0));
  parts.reduce((at, part) => (result.set(part.data, at), at + part.data.length), 0);
  return result;
}
