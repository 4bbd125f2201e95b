// ONNX Runtime's opinion about a quantised network.
//
//   node judge.mjs MODULES FLOAT.onnx QDQ.onnx INPUTS.npy REFERENCE [--inputs N] [--agreement DB] [--min-sqnr DB]
//                 [--min-cosine C]
//
// MODULES: folder whose node_modules holds onnxruntime-node. REFERENCE: folder that 'cimmlc reference' wrote for the same inputs.
//
// 1. Node by node. ONNX Runtime executes QDQ.onnx with graph optimisations disabled, that is, float operators on dequantised values, and
//    shows every stored tensor. Each node is recomputed in integers from ONNX Runtime's own stored inputs.
//    The same again with all optimisations, where Conv is an operator of integers.
// 2. The network's outputs with optimisations disabled against those of the reference: SQNR and the largest output's place.
// 3. The reference against ONNX Runtime on FLOAT.onnx.
//
// Exit status 1 if something is worse than allowed: `allowed` below for 1, --agreement (40 dB; with that or more also the same largest
// output for all inputs) for 2, --min-sqnr and --min-cosine for 3.
import path from "node:path";
import {createRequire} from "node:module";
import {readNpy, sampleOf} from "./npy.mjs";
import {readOnnx, withOutputs} from "./onnx_file.mjs";
import * as rule from "./integer_rule.mjs";

const [modules, floatModel, qdqModel, inputsFile, referenceFolder, ...rest] = process.argv.slice(2);
const options = {inputs: Infinity, agreement: 40, "min-sqnr": -Infinity, "min-cosine": -Infinity};
for (let i = 0; i < rest.length; i += 2) {
  options[rest[i].slice(2)] = Number(rest[i + 1]);
}
const ort = createRequire(path.resolve(modules) + "/")("onnxruntime-node");

// Steps that ONNX Runtime's stored value may be from the recomputed one.
const allowed = {Conv: 0, MaxPool: 0, Concat: 0, Clip: 0};
const allowedElsewhere = 1;

const network = readOnnx(qdqModel);
const producer = new Map(network.nodes.map(node => [node.outputs[0], node]));
const number = name => network.constants.get(name).data[0];

/** Stored tensor behind a dequantised value. */
function storedOf(name) {
  const node = producer.get(name);
  return {name: node.inputs[0], scale: number(node.inputs[1]), zero: number(node.inputs[2])};
}

const isStored = name => producer.get(name)?.type === "DequantizeLinear" && !network.constants.has(producer.get(name).inputs[0]);

/** What leads to a QuantizeLinear: {type, inputs, attributes, ...} of its operator and the clamp behind it. */
function operatorOf(quantise) {
  const out = {name: quantise.outputs[0], scale: number(quantise.inputs[1]), zero: number(quantise.inputs[2]), lo: 0, hi: 255};
  const found = {out, types: []};
  const code = real => Math.min(Math.max(Math.round(real / out.scale) + out.zero, 0), 255);
  let name = quantise.inputs[0];
  for (let node = producer.get(name); node && !isStored(name) && found.types.length < 9; node = producer.get(name)) {
    found.types.unshift(node.type);
    if (node.type === "Relu") {
      out.lo = out.zero;
    } else if (node.type === "Clip" && found.types.length === 1) {
      [out.lo, out.hi] = [code(number(node.inputs[1])), code(number(node.inputs[2]))];
    } else if (node.type === "PRelu") {
      found.slopes = network.constants.get(node.inputs[1]).data;
    } else {
      found.node = node;
    }
    name = node.inputs[0];
  }
  const node = found.node;
  found.inputs = node && node.inputs.filter(isStored).length > 0 ? node.inputs.filter(isStored).map(storedOf)
      : isStored(name) ? [storedOf(name)] : [];
  found.type = node?.type ?? (found.slopes ? "PRelu" : "Clip");
  return found;
}

/** The node in integers; null for what has no integer rule (tables, Softmax), which is judged by the network's outputs. */
function recompute(operator, inputs, out) {
  const a = operator.node?.attributes;
  switch (operator.type) {
    case "Conv": {
      const weight = producer.get(operator.node.inputs[1]).inputs.map(name => network.constants.get(name));
      const bias = network.constants.get(producer.get(operator.node.inputs[2]).inputs[0]);
      return rule.conv(inputs[0], weight[0].data, weight[1].data, bias.data, operator.slopes, a, out);
    }
    case "MaxPool": return rule.maxPool(inputs[0], a, out);
    case "AveragePool": return rule.averagePool(inputs[0], a, out);
    case "Add": return inputs.length === 2 ? rule.add(inputs[0], inputs[1], out) : null;
    case "Mul": return inputs.length === 2 && operator.types.length < 3 ? rule.mul(inputs[0], inputs[1], out) : null;
    case "PRelu": return rule.prelu(inputs[0], operator.slopes, out);
    case "Concat": return rule.concat(inputs);
    case "Clip": return inputs[0].scale === out.scale ? rule.clip(inputs[0], out) : null;
    default: return null;
  }
}

class Sqnr {
  signal = 0;
  noise = 0;
  cosines = [];
  sameTop = 0;
  count = 0;

  add(wanted, got) {
    let [ww, gg, wg] = [0, 0, 0];
    for (let i = 0; i < wanted.length; ++i) {
      ww += wanted[i] * wanted[i];
      gg += got[i] * got[i];
      wg += wanted[i] * got[i];
      this.noise += (wanted[i] - got[i]) ** 2;
    }
    this.signal += ww;
    this.cosines.push(ww === gg && gg === wg ? 1 : wg / Math.sqrt(ww * gg));
    // Of equal largest values each is the first.
    this.sameTop += Math.max(...got) === got[wanted.indexOf(Math.max(...wanted))] ? 1 : 0;
    ++this.count;
  }

  get decibel() {
    return this.noise === 0 ? Infinity : 10 * Math.log10(this.signal / this.noise);
  }

  get cosine() {
    return this.cosines.reduce((s, c) => s + c, 0) / this.cosines.length;
  }

  toString() {
    return `SQNR ${this.decibel.toFixed(2)} dB, cosine ${this.cosine.toFixed(5)}, same largest output ${this.sameTop}/${this.count}`;
  }
}

let failures = 0;
function check(right, text) {
  console.log(`  ${right ? "ok  " : "FAIL"}  ${text}`);
  failures += right ? 0 : 1;
}

const inputs = readNpy(inputsFile);
const count = Math.min(inputs.shape[0], options.inputs);
const reference = new Map(network.outputs.map(name => [name, readNpy(path.join(referenceFolder, `${name.replaceAll("/", "_")}.npy`))]));
const tensor = n => {
  const sample = sampleOf(inputs, n);
  return new ort.Tensor("float32", sample.data, sample.shape);
};
// x64quantprecision: on processors without VNNI, products of integers are not to saturate at 16 bits, as they do by default there.
const sessionOf = (model, level) => ort.InferenceSession.create(model, {
    graphOptimizationLevel: level, intraOpNumThreads: 1, logSeverityLevel: 3, extra: {session: {x64quantprecision: '1'}}});

async function judgeNodes(level) {
  const operators = network.nodes.filter(node => node.type === "QuantizeLinear").map(operatorOf);
  const session = await sessionOf(withOutputs(qdqModel, operators.map(o => o.out.name)), level);
  const found = new Map();  // type -> {nodes, values, off: {steps: values}, worst}
  const outputs = new Map(network.outputs.map(name => [name, new Sqnr()]));
  for (let n = 0; n < count; ++n) {
    const results = await session.run({[network.inputs[0]]: tensor(n)});
    for (const name of network.outputs) {
      outputs.get(name).add(sampleOf(reference.get(name), n).data, results[name].data);
    }
    for (const operator of operators) {
      if (operator.inputs.length === 0) {
        continue;
      }
      const stored = operator.inputs.map(input => ({...input, data: results[input.name].data, shape: results[input.name].dims}));
      const got = results[operator.out.name];
      const wanted = recompute(operator, stored, {...operator.out, shape: got.dims});
      if (wanted === null) {
        continue;
      }
      const type = operator.type === "Conv" && operator.slopes ? "Conv+PRelu" : operator.type;
      const entry = found.get(type) ?? {nodes: new Set(), values: 0, off: 0, worst: 0};
      found.set(type, entry);
      entry.nodes.add(operator.out.name);
      entry.values += wanted.length;
      for (let i = 0; i < wanted.length; ++i) {
        const steps = Math.abs(wanted[i] - got.data[i]);
        entry.off += steps > 0 ? 1 : 0;
        entry.worst = Math.max(entry.worst, steps);
      }
    }
  }
  console.log(` optimisations: ${level}`);
  for (const [type, entry] of found) {
    const bound = allowed[type.split("+")[0]] ?? allowedElsewhere;
    check(entry.worst <= bound, `${type}: ${entry.nodes.size} nodes, ${entry.values} values, ${entry.off} not as in integers, by ` +
        `${entry.worst} step${entry.worst === 1 ? "" : "s"} at most`);
  }
  return outputs;
}

console.log(`${path.basename(floatModel)}: ${count} inputs`);
const disabled = await judgeNodes("disabled");
const all = await judgeNodes("all");
for (const [name, sqnr] of disabled) {
  check(sqnr.decibel >= options.agreement && (options.agreement < 40 || sqnr.sameTop === sqnr.count), `QDQ network against the reference, ${name}: ${sqnr}`);
  console.log(`        with all optimisations: ${all.get(name)}`);
}
const float = await sessionOf(floatModel, "all");
const toFloat = new Map(network.outputs.map(name => [name, new Sqnr()]));
for (let n = 0; n < inputs.shape[0]; ++n) {
  const results = await float.run({[float.inputNames[0]]: tensor(n)});
  for (const [name, sqnr] of toFloat) {
    sqnr.add(results[name].data, sampleOf(reference.get(name), n).data);
  }
}
for (const [name, sqnr] of toFloat) {
  check(sqnr.decibel >= options["min-sqnr"] && sqnr.cosine >= options["min-cosine"], `reference against the float network, ${name}: ${sqnr}`);
}
process.exit(failures === 0 ? 0 : 1);
