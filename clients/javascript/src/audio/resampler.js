/** Zero crossings of the sinc on either side: with the window below, 80 dB of what would alias is gone. */
const CROSSINGS = 16;

/** Shape of the Kaiser window. */
const BETA = 8;

/** Pass band, as a part of what the lower rate can carry; the rest is the slope of the filter. */
const ROLL_OFF = 0.9;

/**
 * Changes the sample rate of a stream by the ratio of two whole numbers: a polyphase windowed sinc.
 *
 * Sample `n` of the output lies where sample `n * inputRate / outputRate` of the input lies. It comes as soon as the
 * input goes far enough beyond it, 0.7 ms at 24 kHz.
 */
export class Resampler {
  #up;
  #down;
  /** Coefficients on either side of the centre. */
  #half;
  /** One filter after the other, `2 * #half` coefficients each. @type {Float32Array} */
  #filters;
  /** Input that is still needed, then the new. @type {Float32Array} */
  #input = new Float32Array(0);
  /** How much of it there is. */
  #available = 0;
  /** Where the next output lies beyond the filter's centre: whole samples, and `#up`ths of one. */
  #position = 0;
  #phase = 0;
  /** @type {Float32Array<ArrayBuffer>} */
  #output = new Float32Array(0);

  /**
   * @param {number} inputRate whole samples per second, as
   * @param {number} outputRate
   */
  constructor(inputRate, outputRate) {
    for (const rate of [inputRate, outputRate]) {
      if (!Number.isInteger(rate) || rate <= 0) throw new RangeError(`not a sample rate: ${rate}`);
    }
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    const bandwidth = Math.min(1, this.#up / this.#down);
    this.#half = Math.ceil(CROSSINGS / bandwidth);
    this.#filters = designFilters(this.#up, this.#half, bandwidth * ROLL_OFF);
    this.reset();
  }

  /** Forget what was before: the next input begins a new stream. */
  reset() {
    // The first output lies on the first input, so silence comes before that.
    this.#available = this.#half - 1;
    this.#input = new Float32Array(this.#available);
    this.#position = 0;
    this.#phase = 0;
  }

  /**
   * @param {Float32Array} samples any number of them
   * @returns {Float32Array<ArrayBuffer>} valid until the next call
   */
  process(samples) {
    this.#append(samples);
    const taps = 2 * this.#half;
    const most = Math.ceil(((samples.length + 1) * this.#up) / this.#down) + 1;
    if (this.#output.length < most) this.#output = new Float32Array(most);
    let count = 0;
    for (; this.#position + taps <= this.#available; count++) {
      let sum = 0;
      for (let i = 0, from = this.#phase * taps; i < taps; i++) {
        sum += /** @type {number} */ (this.#input[this.#position + i]) * /** @type {number} */ (this.#filters[from + i]);
      }
      this.#output[count] = sum;
      this.#phase += this.#down;
      this.#position += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    return this.#output.subarray(0, count);
  }

  /** @param {Float32Array} samples take the place of the input that no output needs any more */
  #append(samples) {
    const done = Math.min(this.#position, this.#available);
    const needed = this.#available - done;
    if (this.#input.length < needed + samples.length) {
      const larger = new Float32Array(needed + samples.length);
      larger.set(this.#input.subarray(done, this.#available));
      this.#input = larger;
    } else {
      this.#input.copyWithin(0, done, this.#available);
    }
    this.#input.set(samples, needed);
    this.#position -= done;
    this.#available = needed + samples.length;
  }
}

/**
 * @param {number} up one filter for each place between two inputs
 * @param {number} half
 * @param {number} bandwidth as a part of what the input can carry
 */
function designFilters(up, half, bandwidth) {
  const filters = new Float32Array(up * 2 * half);
  for (let phase = 0; phase < up; phase++) {
    const filter = filters.subarray(phase * 2 * half, (phase + 1) * 2 * half);
    let sum = 0;
    for (let i = 0; i < filter.length; i++) {
      const distance = i - (half - 1) - phase / up;
      filter[i] = sinc(bandwidth * distance) * kaiser(distance / half);
      sum += /** @type {number} */ (filter[i]);
    }
    // Each filter by itself has gain 1: else a constant would come out as a tone.
    for (let i = 0; i < filter.length; i++) filter[i] = /** @type {number} */ (filter[i]) / sum;
  }
  return filters;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** @param {number} x the window reaches from -1 to 1 */
function kaiser(x) {
  return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/**
 * The modified Bessel function of order 0, by its power series.
 * @param {number} x
 */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-9 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
