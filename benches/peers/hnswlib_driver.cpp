// Times hnswlib without its Python binding, with or without a filter by bitmap: its binding takes a Python function as a
// filter, which would be timed instead. Compiled by hnswlib_native.py against the headers of the package.
#include "hnswlib/hnswlib.h"

#include <chrono>
#include <cstdint>

namespace {

using Graph = hnswlib::HierarchicalNSW<float>;
using Clock = std::chrono::steady_clock;

struct Bitmap : hnswlib::BaseFilterFunctor {
    const uint8_t *bits;
    explicit Bitmap(const uint8_t *bits) : bits(bits) {}
    bool operator()(hnswlib::labeltype row) override { return (bits[row >> 3] >> (row & 7)) & 1; }
};

}  // namespace

extern "C" {

// The graph stays until the process ends, and its space with it.
void *driver_open(const char *path, uint64_t dim, uint64_t rows) {
    try {
        return new Graph(new hnswlib::InnerProductSpace(dim), path, false, rows);
    } catch (...) {
        return nullptr;
    }
}

// `bitmaps` holds one pointer per query, or is null. `found` gets `top` rows per query, best first, -1 where none is left.
void driver_search(void *opened, const float *queries, uint64_t count, uint64_t dim, uint64_t top, uint64_t ef,
                   const uint8_t *const *bitmaps, int64_t *found, int64_t *nanoseconds) {
    auto *graph = static_cast<Graph *>(opened);
    graph->setEf(ef);
    for (uint64_t at = 0; at < count; at++) {
        const auto began = Clock::now();
        Bitmap filter(bitmaps ? bitmaps[at] : nullptr);
        auto heap = graph->searchKnn(queries + at * dim, top, bitmaps ? &filter : nullptr);
        int64_t *rows = found + at * top;
        for (uint64_t place = heap.size(); place < top; place++) rows[place] = -1;
        for (uint64_t place = heap.size(); place > 0; heap.pop()) rows[--place] = static_cast<int64_t>(heap.top().second);
        nanoseconds[at] = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began).count();
    }
}
}
