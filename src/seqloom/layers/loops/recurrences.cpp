// A step of a GRU and of an LSTM, forwards and back: all of it that is not a matrix product.

#include "numbers.h"

namespace {

// A row whose sequence has ended keeps its state.
inline void keep(float* after, Number* copy, const float* before, int64_t hidden) {
    for (int64_t i = 0; i < hidden; ++i) {
        after[i] = before[i];
        put(copy[i], before[i]);
    }
}

// Its way back: the state's gradient passes, the gates have none.
inline void pass(float* carried, const Number* of_output, const Number* of_product, Number* gradient, int64_t hidden) {
    for (int64_t i = 0; i < hidden; ++i) carried[i] += value(of_output[i]) + value(of_product[i]);
    std::memset(static_cast<void*>(gradient), 0, sizeof(Number) * size_t(4 * hidden));
}

}  // namespace

extern "C" {

// One step of a GRU, all that is not a matrix product. Gates are kept as reset, update, candidate, and the candidate's
// recurrent part before the reset; so is the bias, which for reset and update is the sum of both.
void gru_step(const Number* read, const Number* remembered, const float* bias, const float* before,
              const int64_t* lengths, int64_t position, Number* gates, float* after, Number* copy, int64_t batch,
              int64_t hidden) {
#pragma omp parallel for schedule(static) if (batch > 1)
    for (int64_t b = 0; b < batch; ++b) {
        const Number *const x = read + b * 3 * hidden, *const u = remembered + b * 3 * hidden;
        const float* const h = before + b * hidden;
        Number *const kept = gates + b * 4 * hidden, *const second = copy + b * hidden;
        float* const next = after + b * hidden;
        if (lengths && position >= lengths[b]) {
            keep(next, second, h, hidden);
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
#pragma omp parallel for schedule(static) if (batch > 1)
    for (int64_t b = 0; b < batch; ++b) {
        const Number* const kept = gates + b * 4 * hidden;
        const float* const h = before + b * hidden;
        Number* const g = gradient + b * 4 * hidden;
        float* const d = carried + b * hidden;
        const Number *const out = of_output + b * hidden, *const product = of_product + b * hidden;
        if (lengths && position >= lengths[b]) {
            pass(d, out, product, g, hidden);
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
#pragma omp parallel for schedule(static) if (batch > 1)
    for (int64_t b = 0; b < batch; ++b) {
        const Number *const x = read + b * 4 * hidden, *const u = remembered + b * 4 * hidden;
        const float *const h = before + b * hidden, *const c = cell_before + b * hidden;
        Number *const kept = gates + b * 4 * hidden, *const second = copy + b * hidden;
        float *const next = after + b * hidden, *const cell = cell_after + b * hidden;
        if (lengths && position >= lengths[b]) {
            keep(next, second, h, hidden);
            std::copy(c, c + hidden, cell);
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
#pragma omp parallel for schedule(static) if (batch > 1)
    for (int64_t b = 0; b < batch; ++b) {
        const Number* const kept = gates + b * 4 * hidden;
        const float *const c = cell_before + b * hidden, *const cell = cell_after + b * hidden;
        Number* const grad = gradient + b * 4 * hidden;
        float *const d = carried + b * hidden, *const dc = cell_carried + b * hidden;
        const Number *const out = of_output + b * hidden, *const product = of_product + b * hidden;
        if (lengths && position >= lengths[b]) {
            pass(d, out, product, grad, hidden);
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
