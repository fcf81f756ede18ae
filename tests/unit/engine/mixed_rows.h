#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/row.h"
#include "unit/engine/tiny_model.h"

// Rows of every kind, and how results are compared.
namespace limpid::engine {

// On two threads; the test fails if it does not load.
std::unique_ptr<Engine> LoadTiny(const TinyConfig& config);

// Rows of many lengths and wishes, enough of them for every thread to get a shard of its own.
std::vector<Row> MixedRows(const TinyConfig& config);

// Every array of a result, in a fixed order.
std::vector<HostTensor> Arrays(const RowResult& result);

// Of one shape; divided by the largest number, or by 1.
double LargestDifference(const HostTensor& a, const HostTensor& b);

// That each row of the batch gets what it gets alone.
void ExpectTogetherAsAlone(Engine* engine, const std::vector<Row>& rows);

}  // namespace limpid::engine
