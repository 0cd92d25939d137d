// The inner loops of training that PyTorch has no single operation for, on a CPU.
//
// kernels.py compiles this file where there is a compiler, and loads it; each function has a readable twin in Python,
// which is used everywhere else and which the tests hold it to. Matrix products stay PyTorch's. Rows are shared out
// among threads and never summed across them, so the result doesn't depend on their number.
//
// The file is compiled twice: Number, the format of the matrix products, is float or bf16; sums and states are float.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

#ifdef BFLOAT16
struct Number {
    uint16_t bits;
};

inline float value(Number number) {
    const uint32_t wide = uint32_t(number.bits) << 16;
    float result;
    std::memcpy(&result, &wide, 4);
    return result;
}

inline void put(Number& place, float number) {  // to the nearest, ties to even; NaN stays NaN
    uint32_t wide;
    std::memcpy(&wide, &number, 4);
    const uint32_t rounded = (wide + 0x7FFF + ((wide >> 16) & 1)) >> 16;
    place.bits = uint16_t(number == number ? rounded : 0x7FC0);
}
#else
using Number = float;

inline float value(float number) { return number; }

inline void put(float& place, float number) { place = number; }
#endif

// e^x to 2 units in the last place, for x <= 0 or a little above; 0 far below (Cody and Waite 1980)
inline float exponential(float x) {
    x = std::max(x, -87.0f);
    const float power = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // rounded to a whole number
    const float rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;
    float sum = 1.9875691500e-4f;
    sum = sum * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    sum = sum * rest * rest + rest + 1.0f;
    const int32_t exponent = (int32_t(power) + 127) << 23;
    float scale;
    std::memcpy(&scale, &exponent, 4);
    return sum * scale;
}

inline float hyperbolic_tangent(float x) {
    const float small = exponential(-2.0f * std::fabs(x));
    return std::copysign((1.0f - small) / (1.0f + small), x);
}

inline float sigmoid(float x) {
    const float small = exponential(-std::fabs(x));
    const float larger = 1.0f / (1.0f + small);
    return x >= 0 ? larger : small * larger;
}

// 64 random bits, a function of seed and place (Steele et al. 2014, SplitMix64)
inline uint64_t random_word(uint64_t seed, uint64_t place) {
    uint64_t z = seed + (place + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// The dropout of rows of `count` elements: each element has a byte of the row's words, and is kept where that is not
// below the threshold.
class Mask {
public:
    Mask(int64_t count, uint64_t seed, int threshold, float scale)
        : words_((count + 7) / 8), kept_(8 * words_.size(), 1.0f), seed_(seed), threshold_(threshold), scale_(scale) {}

    // scale where an element of the row is kept and 0 where it is dropped; 1 without dropout
    const float* row(int64_t number) {
        if (!threshold_) return kept_.data();
        const uint64_t count = words_.size(), first = uint64_t(number) * count, seed = seed_;
        uint64_t* const words = words_.data();
#pragma omp simd
        for (uint64_t word = 0; word < count; ++word) words[word] = random_word(seed, first + word);
        const uint8_t* const bytes = reinterpret_cast<const uint8_t*>(words);
        float* const kept = kept_.data();
        const int threshold = threshold_;
        const float scale = scale_;
#pragma omp simd
        for (uint64_t i = 0; i < 8 * count; ++i) kept[i] = bytes[i] >= threshold ? scale : 0.0f;
        return kept;
    }

private:
    std::vector<uint64_t> words_;
    std::vector<float> kept_;
    uint64_t seed_;
    int threshold_;
    float scale_;
};

constexpr int64_t LANES = 16;  // numbers computed together; rows of scratch space are filled up to a multiple

inline int64_t filled_up(int64_t count) { return (count + LANES - 1) / LANES * LANES; }

// One head of one sentence: `count` rows of `size` numbers that lie `stride` apart -> floats (count, room), 0 beyond.
inline void gather(float* together, const Number* rows, int64_t count, int64_t size, int64_t stride, int64_t room) {
    for (int64_t r = 0; r < count; ++r) {
        for (int64_t i = 0; i < size; ++i) together[r * room + i] = value(rows[r * stride + i]);
        for (int64_t i = size; i < room; ++i) together[r * room + i] = 0;
    }
}

// The way back.
inline void scatter(Number* rows, const float* together, int64_t count, int64_t size, int64_t stride, int64_t room) {
    for (int64_t r = 0; r < count; ++r)
        for (int64_t i = 0; i < size; ++i) put(rows[r * stride + i], together[r * room + i]);
}

// rows (count, room) -> columns (size, across), 0 beyond count
inline void transpose(float* columns, const float* rows, int64_t count, int64_t size, int64_t room, int64_t across) {
    for (int64_t i = 0; i < size; ++i) {
        for (int64_t r = 0; r < count; ++r) columns[i * across + r] = rows[r * room + i];
        for (int64_t r = count; r < across; ++r) columns[i * across + r] = 0;
    }
}

typedef float Lanes __attribute__((vector_size(4 * LANES)));  // in one register, or in several narrower ones

inline Lanes lanes(const float* from) {
    Lanes loaded;
    std::memcpy(&loaded, from, sizeof loaded);
    return loaded;
}

// products (room) = vector (count) . rows (count, room); two sums by turns, so that neither waits for the other
inline void multiply(float* products, const float* vector, const float* rows, int64_t count, int64_t room) {
    for (int64_t first = 0; first < room; first += LANES) {
        Lanes even = {}, odd = {};
        int64_t i = 0;
        for (; i + 1 < count; i += 2) {
            even += vector[i] * lanes(rows + i * room + first);
            odd += vector[i + 1] * lanes(rows + (i + 1) * room + first);
        }
        if (i < count) even += vector[i] * lanes(rows + i * room + first);
        even += odd;
        std::memcpy(products + first, &even, sizeof even);
    }
}

// The sums of some rows over 16 columns at a time stay in registers while the weight passes by once.
template <int ROWS>
int64_t multiply_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t size,
                      int64_t columns) {
    int64_t first = 0;
    for (; first + LANES <= columns; first += LANES) {
        Lanes sums[ROWS] = {};
        for (int64_t i = 0; i < size; ++i) {
            const Lanes column = lanes(weight + i * columns + first);
            for (int row = 0; row < ROWS; ++row) sums[row] += inputs[row * size + i] * column;
        }
        for (int row = 0; row < ROWS; ++row) {
            if (bias) sums[row] += lanes(bias + first);
            std::memcpy(outputs + row * columns + first, &sums[row], sizeof sums[row]);
        }
    }
    for (; first < columns; ++first) {
        for (int row = 0; row < ROWS; ++row) {
            float sum = bias ? bias[first] : 0;
            for (int64_t i = 0; i < size; ++i) sum += inputs[row * size + i] * weight[i * columns + first];
            outputs[row * columns + first] = sum;
        }
    }
    return ROWS;
}

}  // namespace

extern "C" {

void smoothed_loss(Number* logits, const float* bias, const int64_t* targets, const float* wished, int64_t rows,
                   int64_t symbols, float smoothing, float share, int write, double* loss, double* likelihood) {
#pragma omp parallel
    {
        std::vector<float> buffer(symbols);
        float* const x = buffer.data();
#pragma omp for schedule(static)
        for (int64_t row = 0; row < rows; ++row) {
            Number* const own = logits + row * symbols;
            const float* const wish = wished ? wished + row * symbols : nullptr;
            float largest = -INFINITY, sum = 0, asked = 0, total = 0;
#pragma omp simd reduction(max : largest) reduction(+ : sum)
            for (int64_t i = 0; i < symbols; ++i) {
                x[i] = value(own[i]) + bias[i];
                largest = std::max(largest, x[i]);
                sum += x[i];
            }
            if (wish) {
#pragma omp simd reduction(+ : asked)
                for (int64_t i = 0; i < symbols; ++i) asked += wish[i] * x[i];
            }
            const int64_t target = targets[row];
            const double right = x[target];
#pragma omp simd reduction(+ : total)
            for (int64_t i = 0; i < symbols; ++i) {
                x[i] = exponential(x[i] - largest);
                total += x[i];
            }
            const double log_sum = double(largest) + std::log(double(total));
            likelihood[row] = log_sum - right;
            const double smoothed = (1 - smoothing) * (log_sum - right) + smoothing * (log_sum - sum / double(symbols));
            loss[row] = (1 - share) * smoothed + (wish ? share * (log_sum - asked) : 0.0);
            if (!write) continue;
            const float scale = 1.0f / total, spread = (1 - share) * smoothing / float(symbols);
            if (wish) {
#pragma omp simd
                for (int64_t i = 0; i < symbols; ++i) {
                    x[i] = x[i] * scale - spread - share * wish[i];
                    put(own[i], x[i]);
                }
            } else {
#pragma omp simd
                for (int64_t i = 0; i < symbols; ++i) {
                    x[i] = x[i] * scale - spread;
                    put(own[i], x[i]);
                }
            }
            put(own[target], x[target] - (1 - share) * (1 - smoothing));
        }
    }
}

// outputs (rows, columns) = inputs (rows, size) . weight (size, columns) + bias, for few rows
void few_rows(const float* inputs, const float* weight, const float* bias, float* outputs, int64_t rows, int64_t size,
              int64_t columns) {
    for (int64_t row = 0; row < rows;) {
        const float* const x = inputs + row * size;
        float* const y = outputs + row * columns;
        switch (std::min<int64_t>(rows - row, 5)) {  // five is the usual beam
            case 5: row += multiply_rows<5>(x, weight, bias, y, size, columns); break;
            case 4: row += multiply_rows<4>(x, weight, bias, y, size, columns); break;
            case 3: row += multiply_rows<3>(x, weight, bias, y, size, columns); break;
            case 2: row += multiply_rows<2>(x, weight, bias, y, size, columns); break;
            default: row += multiply_rows<1>(x, weight, bias, y, size, columns);
        }
    }
}

// rows (count, columns) -> their sum (columns)
void column_sums(const Number* rows, float* sums, int64_t count, int64_t columns) {
    constexpr int64_t together = 256;
#pragma omp parallel for schedule(static)
    for (int64_t first = 0; first < columns; first += together) {
        const int64_t end = std::min(first + together, columns);
        std::fill(sums + first, sums + end, 0.0f);
        for (int64_t row = 0; row < count; ++row) {
            const Number* const own = rows + row * columns;
#pragma omp simd
            for (int64_t i = first; i < end; ++i) sums[i] += value(own[i]);
        }
    }
}

void dropout(const Number* inputs, const float* beside, void* outputs, int64_t rows, int64_t columns, uint64_t seed,
             int threshold, float scale) {
#pragma omp parallel
    {
        Mask mask(columns, seed, threshold, scale);
#pragma omp for schedule(static)
        for (int64_t row = 0; row < rows; ++row) {
            const float* const kept = mask.row(row);
            const Number* const x = inputs + row * columns;
            if (beside) {
                const float* const other = beside + row * columns;
                float* const y = static_cast<float*>(outputs) + row * columns;
#pragma omp simd
                for (int64_t i = 0; i < columns; ++i) y[i] = other[i] + value(x[i]) * kept[i];
            } else {
                Number* const y = static_cast<Number*>(outputs) + row * columns;
#pragma omp simd
                for (int64_t i = 0; i < columns; ++i) put(y[i], value(x[i]) * kept[i]);
            }
        }
    }
}

void additive_scores(const Number* query, const Number* keys, const float* vector, float* scores, int64_t batch,
                     int64_t asked, int64_t stored, int64_t width) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t t = 0; t < asked; ++t) {
            const Number* const q = query + (b * asked + t) * width;
            for (int64_t s = 0; s < stored; ++s) {
                const Number* const k = keys + (b * stored + s) * width;
                float sum = 0;
#pragma omp simd reduction(+ : sum)
                for (int64_t a = 0; a < width; ++a) sum += vector[a] * hyperbolic_tangent(value(q[a]) + value(k[a]));
                scores[(b * asked + t) * stored + s] = sum;
            }
        }
    }
}

void additive_scores_back(const Number* query, const Number* keys, const float* vector, const float* gradient,
                          Number* query_gradient, Number* key_gradient, float* vector_gradient, int64_t batch,
                          int64_t asked, int64_t stored, int64_t width) {
#pragma omp parallel
    {
        std::vector<float> buffer((stored + 1) * width);
        float* const dk = buffer.data();
        float* const dq = dk + stored * width;
#pragma omp for schedule(static)
        for (int64_t b = 0; b < batch; ++b) {
            float* const dv = vector_gradient + b * width;
            std::fill(dk, dk + stored * width, 0.0f);
            std::fill(dv, dv + width, 0.0f);
            for (int64_t t = 0; t < asked; ++t) {
                const Number* const q = query + (b * asked + t) * width;
                std::fill(dq, dq + width, 0.0f);
                for (int64_t s = 0; s < stored; ++s) {
                    const float d = gradient[(b * asked + t) * stored + s];
                    if (d == 0) continue;  // padding
                    const Number* const k = keys + (b * stored + s) * width;
                    float* const dks = dk + s * width;
#pragma omp simd
                    for (int64_t a = 0; a < width; ++a) {
                        const float compared = hyperbolic_tangent(value(q[a]) + value(k[a]));
                        const float g = d * vector[a] * (1 - compared * compared);
                        dq[a] += g;
                        dks[a] += g;
                        dv[a] += d * compared;
                    }
                }
                for (int64_t a = 0; a < width; ++a) put(query_gradient[(b * asked + t) * width + a], dq[a]);
            }
            for (int64_t i = 0; i < stored * width; ++i) put(key_gradient[b * stored * width + i], dk[i]);
        }
    }
}

struct Rows {  // where a tensor (batch, heads, positions, size) lies: the steps along its first three axes, in numbers
    int64_t batch, head, position;
};

struct Heads {  // the sizes of a multi-head attention
    int64_t batch, heads, asked, stored, size;
    Rows query, keys, values;
    int64_t causal;  // positions written before the first that asks; -1 where every visible position is seen
    uint64_t seed;   // of the dropout of the weights
    int64_t threshold;
    float dropout_scale;
};

void attention(const Heads* sizes, const Number* query, const Number* keys, const Number* values,
               const uint8_t* visible, Number* outputs, float* alignment) {
    const Heads& is = *sizes;
    const int64_t n = is.size, S = is.stored, T = is.asked, width = is.heads * n;
    const int64_t N = filled_up(n), R = filled_up(S);
    const float scale = 1.0f / std::sqrt(float(n));
#pragma omp parallel
    {
        Mask mask(S, is.seed, int(is.threshold), is.dropout_scale);
        std::vector<float> buffer((2 * S + T + 1) * N + (n + 2) * R);
        float* const k = buffer.data();     // (S, N)
        float* const v = k + S * N;         // (S, N)
        float* const q = v + S * N;         // (T, N)
        float* const out = q + T * N;       // (N)
        float* const columns = out + N;     // (n, R) keys
        float* const p = columns + n * R;   // (R)
        float* const seen = p + R;          // (R) 1 or 0
#pragma omp for collapse(2) schedule(static)
        for (int64_t b = 0; b < is.batch; ++b) {
            for (int64_t h = 0; h < is.heads; ++h) {
                gather(q, query + b * is.query.batch + h * is.query.head, T, n, is.query.position, N);
                gather(k, keys + b * is.keys.batch + h * is.keys.head, S, n, is.keys.position, N);
                gather(v, values + b * is.values.batch + h * is.values.head, S, n, is.values.position, N);
                transpose(columns, k, S, n, N, R);
                for (int64_t s = 0; s < R; ++s) seen[s] = s < S && (!visible || visible[b * S + s]);
                for (int64_t i = 0; i < T * N; ++i) q[i] *= scale;
                for (int64_t t = 0; t < T; ++t) {
                    const int64_t row = (b * is.heads + h) * T + t;
                    const int64_t end = is.causal < 0 ? S : std::min(S, is.causal + t + 1);
                    multiply(p, q + t * N, columns, n, R);
                    float largest = -INFINITY, total = 0;
#pragma omp simd reduction(max : largest)
                    for (int64_t s = 0; s < R; ++s) {
                        p[s] = s < end && seen[s] != 0 ? p[s] : -INFINITY;
                        largest = std::max(largest, p[s]);
                    }
#pragma omp simd reduction(+ : total)
                    for (int64_t s = 0; s < R; ++s) {
                        p[s] = p[s] == -INFINITY ? 0.0f : exponential(p[s] - largest);
                        total += p[s];
                    }
                    const float share = 1.0f / total;
                    for (int64_t s = 0; s < R; ++s) p[s] *= share;
                    std::copy(p, p + S, alignment + row * S);
                    const float* const kept = mask.row(row);
                    for (int64_t s = 0; s < S; ++s) p[s] *= kept[s];
                    multiply(out, p, v, end, N);
                    scatter(outputs + (b * T + t) * width + h * n, out, 1, n, n, N);
                }
            }
        }
    }
}

void attention_back(const Heads* sizes, const Number* query, const Number* keys, const Number* values,
                    const float* alignment, const Number* gradient, Number* query_gradient, Number* key_gradient,
                    Number* value_gradient) {
    const Heads& is = *sizes;
    const int64_t n = is.size, S = is.stored, T = is.asked, width = is.heads * n;
    const int64_t N = filled_up(n), R = filled_up(S);
    const float scale = 1.0f / std::sqrt(float(n));
#pragma omp parallel
    {
        Mask mask(S, is.seed, int(is.threshold), is.dropout_scale);
        std::vector<float> buffer((4 * S + 3 * T) * N + (n + 2) * R + 2 * S * T);
        float* const k = buffer.data();          // (S, N)
        float* const v = k + S * N;              // (S, N)
        float* const dk = v + S * N;             // (S, N)
        float* const dv = dk + S * N;            // (S, N)
        float* const q = dv + S * N;             // (T, N)
        float* const g = q + T * N;              // (T, N)
        float* const dq = g + T * N;             // (T, N)
        float* const columns = dq + T * N;       // (n, R) values
        float* const dp = columns + n * R;       // (R)
        float* const p = dp + R;                 // (R)
        float* const scores = p + R;             // (S, T) gradients of the scores
        float* const weights = scores + S * T;   // (S, T) alignment after dropout
#pragma omp for collapse(2) schedule(static)
        for (int64_t b = 0; b < is.batch; ++b) {
            for (int64_t h = 0; h < is.heads; ++h) {
                gather(q, query + b * is.query.batch + h * is.query.head, T, n, is.query.position, N);
                gather(k, keys + b * is.keys.batch + h * is.keys.head, S, n, is.keys.position, N);
                gather(v, values + b * is.values.batch + h * is.values.head, S, n, is.values.position, N);
                gather(g, gradient + b * T * width + h * n, T, n, width, N);
                transpose(columns, v, S, n, N, R);
                for (int64_t t = 0; t < T; ++t) {
                    const int64_t row = (b * is.heads + h) * T + t;
                    std::copy(alignment + row * S, alignment + (row + 1) * S, p);
                    std::fill(p + S, p + R, 0.0f);
                    const float* const kept = mask.row(row);
                    multiply(dp, g + t * N, columns, n, R);
                    float mean = 0;
#pragma omp simd reduction(+ : mean)
                    for (int64_t s = 0; s < S; ++s) {
                        dp[s] *= kept[s];
                        mean += dp[s] * p[s];
                    }
                    for (int64_t s = 0; s < R; ++s) dp[s] = p[s] * (dp[s] - mean) * scale;
                    multiply(dq + t * N, dp, k, S, N);
                    for (int64_t s = 0; s < S; ++s) {
                        scores[s * T + t] = dp[s];
                        weights[s * T + t] = p[s] * kept[s];
                    }
                }
                for (int64_t s = 0; s < S; ++s) {
                    multiply(dk + s * N, scores + s * T, q, T, N);
                    multiply(dv + s * N, weights + s * T, g, T, N);
                }
                scatter(query_gradient + b * T * width + h * n, dq, T, n, width, N);
                scatter(key_gradient + b * S * width + h * n, dk, S, n, width, N);
                scatter(value_gradient + b * S * width + h * n, dv, S, n, width, N);
            }
        }
    }
}

// One step of a GRU, all that is not a matrix product. Gates are kept as reset, update, candidate, and the candidate's
// recurrent part before the reset; so is the bias, which for reset and update is the sum of both. A row whose sequence
// has ended keeps its state.
void gru_step(const Number* read, const Number* remembered, const float* bias, const float* before,
              const int64_t* lengths, int64_t position, Number* gates, float* after, Number* copy, int64_t batch,
              int64_t hidden) {
#pragma omp parallel for schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        const Number *const x = read + b * 3 * hidden, *const u = remembered + b * 3 * hidden;
        const float* const h = before + b * hidden;
        Number *const kept = gates + b * 4 * hidden, *const second = copy + b * hidden;
        float* const next = after + b * hidden;
        if (lengths && position >= lengths[b]) {
            for (int64_t i = 0; i < hidden; ++i) {
                next[i] = h[i];
                put(second[i], h[i]);
            }
            continue;
        }
#pragma omp simd
        for (int64_t i = 0; i < hidden; ++i) {
            const float r = sigmoid(value(x[i]) + value(u[i]) + bias[i]);
            const float z = sigmoid(value(x[hidden + i]) + value(u[hidden + i]) + bias[hidden + i]);
            const float m = value(u[2 * hidden + i]) + bias[3 * hidden + i];
            const float n = hyperbolic_tangent(value(x[2 * hidden + i]) + bias[2 * hidden + i] + r * m);
            put(kept[i], r);
            put(kept[hidden + i], z);
            put(kept[2 * hidden + i], n);
            put(kept[3 * hidden + i], m);
            next[i] = n + z * (h[i] - n);
            put(second[i], next[i]);
        }
    }
}

// Its way back: `carried` is the gradient of the state after, on return that of the state before, but for the part
// through the recurrent product. Gradients are stacked as candidate, reset, update, candidate's recurrent part.
void gru_step_back(const Number* gates, const float* before, const int64_t* lengths, int64_t position,
                   const Number* of_output, const Number* of_product, float* carried, Number* gradient, int64_t batch,
                   int64_t hidden) {
#pragma omp parallel for schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        const Number* const kept = gates + b * 4 * hidden;
        const float* const h = before + b * hidden;
        Number* const g = gradient + b * 4 * hidden;
        float* const d = carried + b * hidden;
        const Number *const out = of_output + b * hidden, *const product = of_product + b * hidden;
        if (lengths && position >= lengths[b]) {
            for (int64_t i = 0; i < hidden; ++i) d[i] += value(out[i]) + value(product[i]);
            std::memset(static_cast<void*>(g), 0, sizeof(Number) * size_t(4 * hidden));
            continue;
        }
#pragma omp simd
        for (int64_t i = 0; i < hidden; ++i) {
            const float r = value(kept[i]), z = value(kept[hidden + i]), n = value(kept[2 * hidden + i]);
            const float total = d[i] + value(out[i]) + value(product[i]);
            const float dn = total * (1 - z) * (1 - n * n);
            put(g[i], dn);
            put(g[hidden + i], dn * value(kept[3 * hidden + i]) * r * (1 - r));
            put(g[2 * hidden + i], total * (h[i] - n) * z * (1 - z));
            put(g[3 * hidden + i], dn * r);
            d[i] = total * z;
        }
    }
}

// One step of an LSTM; gates are kept as input, forget, candidate, output.
void lstm_step(const Number* read, const Number* remembered, const float* bias, const float* before,
               const float* cell_before, const int64_t* lengths, int64_t position, Number* gates, float* after,
               float* cell_after, Number* copy, int64_t batch, int64_t hidden) {
#pragma omp parallel for schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        const Number *const x = read + b * 4 * hidden, *const u = remembered + b * 4 * hidden;
        const float *const h = before + b * hidden, *const c = cell_before + b * hidden;
        Number *const kept = gates + b * 4 * hidden, *const second = copy + b * hidden;
        float *const next = after + b * hidden, *const cell = cell_after + b * hidden;
        if (lengths && position >= lengths[b]) {
            for (int64_t i = 0; i < hidden; ++i) {
                next[i] = h[i];
                cell[i] = c[i];
                put(second[i], h[i]);
            }
            continue;
        }
#pragma omp simd
        for (int64_t j = 0; j < hidden; ++j) {
            const int64_t jf = hidden + j, jg = 2 * hidden + j, jo = 3 * hidden + j;
            const float i = sigmoid(value(x[j]) + value(u[j]) + bias[j]);
            const float f = sigmoid(value(x[jf]) + value(u[jf]) + bias[jf]);
            const float g = hyperbolic_tangent(value(x[jg]) + value(u[jg]) + bias[jg]);
            const float o = sigmoid(value(x[jo]) + value(u[jo]) + bias[jo]);
            put(kept[j], i);
            put(kept[jf], f);
            put(kept[jg], g);
            put(kept[jo], o);
            cell[j] = f * c[j] + i * g;
            next[j] = o * hyperbolic_tangent(cell[j]);
            put(second[j], next[j]);
        }
    }
}

void lstm_step_back(const Number* gates, const float* cell_before, const float* cell_after, const int64_t* lengths,
                    int64_t position, const Number* of_output, const Number* of_product, float* carried,
                    float* cell_carried, Number* gradient, int64_t batch, int64_t hidden) {
#pragma omp parallel for schedule(static)
    for (int64_t b = 0; b < batch; ++b) {
        const Number* const kept = gates + b * 4 * hidden;
        const float *const c = cell_before + b * hidden, *const cell = cell_after + b * hidden;
        Number* const grad = gradient + b * 4 * hidden;
        float *const d = carried + b * hidden, *const dc = cell_carried + b * hidden;
        const Number *const out = of_output + b * hidden, *const product = of_product + b * hidden;
        if (lengths && position >= lengths[b]) {
            for (int64_t i = 0; i < hidden; ++i) d[i] += value(out[i]) + value(product[i]);
            std::memset(static_cast<void*>(grad), 0, sizeof(Number) * size_t(4 * hidden));
            continue;
        }
#pragma omp simd
        for (int64_t j = 0; j < hidden; ++j) {
            const float i = value(kept[j]), f = value(kept[hidden + j]);
            const float g = value(kept[2 * hidden + j]), o = value(kept[3 * hidden + j]);
            const float squashed = hyperbolic_tangent(cell[j]);
            const float total = d[j] + value(out[j]) + value(product[j]);
            const float of_cell = dc[j] + total * o * (1 - squashed * squashed);
            put(grad[j], of_cell * g * i * (1 - i));
            put(grad[hidden + j], of_cell * c[j] * f * (1 - f));
            put(grad[2 * hidden + j], of_cell * i * (1 - g * g));
            put(grad[3 * hidden + j], total * squashed * o * (1 - o));
            dc[j] = of_cell * f;
            d[j] = 0;
        }
    }
}

}  // extern "C"
