// One position more in all layers of a Transformer decoder, for the few rows of a search.

#include "numbers.h"
#include "products.h"

#include <vector>

extern "C" {

struct Step {  // the sizes, as layers/incremental.py has them
    int64_t rows, beam;  // beam: rows that read one sentence, side by side
    int64_t layers, heads, width, inner;
    int64_t written;  // positions before
    int64_t stored;   // of the source
    int64_t pre;      // whether a part's inputs are normalised, or what it leaves
};

struct Source {  // keys or values of a memory (sentences, heads, positions, size): where they lie, and the steps
    const float* start;
    int64_t sentence, head, position;
};

}  // extern "C"

namespace {

constexpr float EPSILON = 1e-5f;  // nn.LayerNorm's

// Weights and biases one after the other, as they are read.
class Weights {
public:
    explicit Weights(const float* first) : next_(first) {}

    const float* take(int64_t count) {
        const float* const taken = next_;
        next_ += count;
        return taken;
    }

private:
    const float* next_;
};

// outputs = normalised inputs, each row by itself; they may be the same
void normalise(const float* inputs, Weights weights, float* outputs, int64_t rows, int64_t width) {
    const float* const gain = weights.take(width);
    const float* const shift = weights.take(width);
    for (int64_t row = 0; row < rows; ++row) {
        const float* const x = inputs + row * width;
        float* const y = outputs + row * width;
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; ++i) sum += x[i];
        const float mean = sum / float(width);
#pragma omp simd reduction(+ : squares)
        for (int64_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
        const float scale = 1.0f / std::sqrt(squares / float(width) + EPSILON);
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) y[i] = (x[i] - mean) * scale * gain[i] + shift[i];
    }
}

void project(const float* inputs, Weights& weights, float* outputs, int64_t rows, int64_t size, int64_t columns) {
    const float* const weight = weights.take(size * columns);
    multiply_few(inputs, weight, weights.take(columns), outputs, rows, size, columns);
}

float dot(const float* one, const float* other, int64_t size) {
    Lanes products = {};
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) products += lanes(one + i) * lanes(other + i);
    float total = sum(products);
    for (; i < size; ++i) total += one[i] * other[i];
    return total;
}

// One head of one row reads `count` keys and values, which lie a step apart. shares (count, filled up) is what it
// looked at.
void read_head(const float* query, const float* keys, int64_t key_step, const float* values, int64_t value_step,
               const uint8_t* visible, int64_t count, int64_t size, float* shares, float* output) {
    const float scale = 1.0f / std::sqrt(float(size));
    const int64_t room = filled_up(count);
    float largest = -INFINITY, total = 0;
    for (int64_t s = 0; s < count; ++s) {
        shares[s] = visible && !visible[s] ? -INFINITY : scale * dot(query, keys + s * key_step, size);
        largest = std::max(largest, shares[s]);
    }
    std::fill(shares + count, shares + room, -INFINITY);
    for (int64_t first = 0; first < room; first += LANES) {
#pragma omp simd
        for (int64_t s = first; s < first + LANES; ++s)
            shares[s] = shares[s] == -INFINITY ? 0.0f : exponential(shares[s] - largest);
        total += sum(lanes(shares + first));
    }
    const float share = 1.0f / total;
    for (int64_t s = 0; s < count; ++s) shares[s] *= share;
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) {
        Lanes read = {};
        for (int64_t s = 0; s < count; ++s) read += shares[s] * lanes(values + s * value_step + i);
        std::memcpy(output + i, &read, sizeof read);
    }
    for (; i < size; ++i) {
        output[i] = 0;
        for (int64_t s = 0; s < count; ++s) output[i] += shares[s] * values[s * value_step + i];
    }
}

// The positions written before by one head of a row, and the newest, (size) -> `after`, (written + 1, size).
void append(const float* before, const float* newest, float* after, int64_t written, int64_t size) {
    std::copy(before, before + written * size, after);
    std::copy(newest, newest + size, after + written * size);
}

}  // namespace

extern "C" {

// weights    of the layers in their order, matrices (inputs, outputs), with `pre` those of the last norm behind them
// parents    (rows) the row of the past that each row continues; null where each continues its own
// past       two addresses a layer, keys and values (rows before, heads, written, size)
// source     two a layer
// visible    (sentences, stored)
// newer      (2 layers, rows, heads, written + 1, size) the past with the new position
// features   (rows, width) the inputs, and on return the outputs
// alignment  (rows, stored) what the last layer looked at, heads averaged; null where nobody asks
void decoder_step(const Step* sizes, const float* weights, const int64_t* parents, const float* const* past,
                  const Source* source, const uint8_t* visible, float* newer, float* features, float* alignment) {
    const Step& is = *sizes;
    const int64_t N = is.rows, D = is.width, K = D / is.heads, S = is.stored, T = is.written + 1;
    const int64_t room = filled_up(std::max(S, T));
    std::vector<float> buffer(N * (5 * D + is.inner + room));
    float* const read = buffer.data();           // (N, D)
    float* const query = read + N * D;           // (N, D)
    float* const keys = query + N * D;           // (N, D)
    float* const values = keys + N * D;          // (N, D)
    float* const outputs = values + N * D;       // (N, D)
    float* const inner = outputs + N * D;        // (N, inner)
    float* const shares = inner + N * is.inner;  // (N, room) of the positions that a head looks at
    Weights next(weights);

    // A part of a layer: what it reads, and how what it made goes on upwards.
    const auto open = [&](Weights norm) {
        if (!is.pre) return static_cast<const float*>(features);
        normalise(features, norm, read, N, D);
        return static_cast<const float*>(read);
    };
    const auto close = [&](Weights norm) {
#pragma omp simd
        for (int64_t i = 0; i < N * D; ++i) features[i] += outputs[i];
        if (!is.pre) normalise(features, norm, features, N, D);
    };

    for (int64_t layer = 0; layer < is.layers; ++layer) {
        Weights norm(next.take(2 * D));
        const float* const from = open(norm);
        project(from, next, query, N, D, D);
        project(from, next, keys, N, D, D);
        project(from, next, values, N, D, D);
#pragma omp parallel for schedule(static) if (N * T * D > SHARED)
        for (int64_t n = 0; n < N; ++n) {
            for (int64_t h = 0; h < is.heads; ++h) {
                const int64_t own = n * D + h * K, head = n * is.heads + h;
                const int64_t before = (parents ? parents[n] : n) * is.heads + h;
                float* const all_keys = newer + (2 * layer * N * is.heads + head) * T * K;
                float* const all_values = all_keys + N * is.heads * T * K;
                append(past[2 * layer] + before * is.written * K, keys + own, all_keys, is.written, K);
                append(past[2 * layer + 1] + before * is.written * K, values + own, all_values, is.written, K);
                read_head(query + own, all_keys, K, all_values, K, nullptr, T, K, shares + n * room, read + own);
            }
        }
        project(read, next, outputs, N, D, D);
        close(norm);

        norm = Weights(next.take(2 * D));
        project(open(norm), next, query, N, D, D);
        const Source &k = source[2 * layer], &v = source[2 * layer + 1];
#pragma omp parallel for schedule(static) if (N * S * D > SHARED)
        for (int64_t n = 0; n < N; ++n) {
            float* const own_shares = shares + n * room;
            const int64_t b = n / is.beam;
            for (int64_t h = 0; h < is.heads; ++h) {
                const int64_t own = n * D + h * K;
                read_head(query + own, k.start + b * k.sentence + h * k.head, k.position,
                          v.start + b * v.sentence + h * v.head, v.position, visible + b * S, S, K, own_shares,
                          read + own);
                if (!alignment || layer + 1 < is.layers) continue;
                float* const looked = alignment + n * S;
                for (int64_t s = 0; s < S; ++s) looked[s] = (h ? looked[s] : 0.0f) + own_shares[s] / float(is.heads);
            }
        }
        project(read, next, outputs, N, D, D);
        close(norm);

        norm = Weights(next.take(2 * D));
        project(open(norm), next, inner, N, D, is.inner);
        for (int64_t i = 0; i < N * is.inner; ++i) inner[i] = std::max(inner[i], 0.0f);
        project(inner, next, outputs, N, is.inner, D);
        close(norm);
    }
    if (is.pre) normalise(features, next, features, N, D);
}

}  // extern "C"
