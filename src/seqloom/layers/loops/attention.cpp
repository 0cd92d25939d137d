// Scaled dot-product attention of several heads, forwards and back: one pass for each head of each sentence.

#include "mask.h"
#include "rows.h"

#include <vector>

namespace {

// rows (count, room) -> columns (size, across), 0 beyond count
inline void transpose(float* columns, const float* rows, int64_t count, int64_t size, int64_t room, int64_t across) {
    for (int64_t i = 0; i < size; ++i) {
        for (int64_t r = 0; r < count; ++r) columns[i * across + r] = rows[r * room + i];
        for (int64_t r = count; r < across; ++r) columns[i * across + r] = 0;
    }
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

}  // namespace

extern "C" {

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

// One head of one sentence, (count, size filled up).
static void gather_at(float* together, const Number* tensor, const Rows& steps, int64_t b, int64_t h, int64_t count,
                      int64_t size) {
    gather(together, tensor + b * steps.batch + h * steps.head, count, size, steps.position, filled_up(size));
}

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
                gather_at(q, query, is.query, b, h, T, n);
                gather_at(k, keys, is.keys, b, h, S, n);
                gather_at(v, values, is.values, b, h, S, n);
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
                gather_at(q, query, is.query, b, h, T, n);
                gather_at(k, keys, is.keys, b, h, S, n);
                gather_at(v, values, is.values, b, h, S, n);
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

}  // extern "C"
