// As much of ONNX's Protobuf as a quantised network of ours needs: nodes, attributes, initializers, inputs and outputs.
import fs from "node:fs";

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  varint() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
  }

  /** Calls field(number, value) for each field: a BigInt, a Buffer of the bytes of a message or string, or of 4 or 8 bytes. */
  each(field) {
    while (this.at < this.bytes.length) {
      const key = Number(this.varint());
      const kind = key & 7;
      if (kind === 0) {
        field(key >> 3, this.varint());
      } else {
        const length = kind === 2 ? Number(this.varint()) : kind === 5 ? 4 : 8;
        field(key >> 3, this.bytes.subarray(this.at, this.at + length));
        this.at += length;
      }
    }
  }
}

const each = (bytes, field) => new Reader(bytes).each(field);
const signed = value => Number(BigInt.asIntN(64, value));
const text = bytes => bytes.toString("utf8");

const arrays = {1: Float32Array, 2: Uint8Array, 3: Int8Array, 6: Int32Array, 7: BigInt64Array};

function tensorOf(bytes) {
  const tensor = {dims: [], data: null};
  let type = 0;
  let raw = Buffer.alloc(0);
  each(bytes, (number, value) => {
    if (number === 1) {
      if (typeof value === "bigint") {
        tensor.dims.push(signed(value));
      } else {
        const packed = new Reader(value);
        while (packed.at < value.length) {
          tensor.dims.push(signed(packed.varint()));
        }
      }
    } else if (number === 2) {
      type = Number(value);
    } else if (number === 8) {
      tensor.name = text(value);
    } else if (number === 9) {
      raw = value;
    }
  });
  tensor.data = new arrays[type](raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
  return tensor;
}

function attributeOf(bytes) {
  const attribute = {name: "", ints: []};
  each(bytes, (number, value) => {
    if (number === 1) {
      attribute.name = text(value);
    } else if (number === 2) {
      attribute.value = value.readFloatLE(0);
    } else if (number === 3) {
      attribute.value = signed(value);
    } else if (number === 8) {
      attribute.ints.push(signed(value));
    }
  });
  return [attribute.name, attribute.ints.length > 0 ? attribute.ints : attribute.value];
}

function nodeOf(bytes) {
  const node = {inputs: [], outputs: [], attributes: {}};
  each(bytes, (number, value) => {
    if (number === 1) {
      node.inputs.push(text(value));
    } else if (number === 2) {
      node.outputs.push(text(value));
    } else if (number === 4) {
      node.type = text(value);
    } else if (number === 5) {
      const [name, content] = attributeOf(value);
      node.attributes[name] = content;
    }
  });
  return node;
}

function nameOf(valueInfo) {
  let name = "";
  each(valueInfo, (number, value) => {
    if (number === 1) {
      name = text(value);
    }
  });
  return name;
}

/** {nodes, constants: Map of name to {dims, data}, inputs, outputs} of a file. */
export function readOnnx(path) {
  const network = {nodes: [], constants: new Map(), inputs: [], outputs: []};
  each(fs.readFileSync(path), (number, graph) => {
    if (number !== 7) {
      return;
    }
    each(graph, (field, value) => {
      if (field === 1) {
        network.nodes.push(nodeOf(value));
      } else if (field === 5) {
        const tensor = tensorOf(value);
        network.constants.set(tensor.name, tensor);
      } else if (field === 11) {
        network.inputs.push(nameOf(value));
      } else if (field === 12) {
        network.outputs.push(nameOf(value));
      }
    });
  });
  return network;
}

const field = (number, bytes) => {
  const head = [];
  for (let value of [number << 3 | 2, bytes.length]) {
    for (; value > 0x7f; value = Math.floor(value / 128)) {
      head.push(value & 0x7f | 0x80);
    }
    head.push(value);
  }
  return Buffer.concat([Buffer.from(head), bytes]);
};

/** The file's bytes with uint8 tensors of these names as further outputs: Protobuf joins the parts of a message that come one by one. */
export function withOutputs(path, names) {
  const uint8 = field(2, field(1, Buffer.from([0x08, 2])));
  const graph = names.map(name => field(12, Buffer.concat([field(1, Buffer.from(name, "utf8")), uint8])));
  return Buffer.concat([fs.readFileSync(path), field(7, Buffer.concat(graph))]);
}
