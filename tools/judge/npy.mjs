// NumPy's .npy files of float32.
import fs from "node:fs";

export function readNpy(path) {
  const bytes = fs.readFileSync(path);
  if (bytes.toString("latin1", 1, 6) !== "NUMPY" || bytes[6] !== 1) {
    throw new Error(`${path}: not an .npy file of format 1.0`);
  }
  const headerEnd = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, headerEnd);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False")) {
    throw new Error(`${path}: not float32 in C order`);
  }
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(",").map(s => s.trim()).filter(s => s !== "").map(Number);
  const body = bytes.subarray(headerEnd);
  const data = new Float32Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength));
  return {shape, data};
}

/** Sample n of an array whose first dimension counts samples, as a batch of one. */
export function sampleOf(array, n) {
  const size = array.data.length / array.shape[0];
  return {shape: [1, ...array.shape.slice(1)], data: array.data.subarray(n * size, (n + 1) * size)};
}
