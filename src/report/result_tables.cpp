#include "thalweg/report/result_tables.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"
#include "thalweg/run/csv.hpp"

namespace thalweg::report {
namespace {

using nlohmann::json;

/// Fields of a row with the names of their columns, which not all rows of a table have.
using Record = std::vector<std::pair<std::string, std::string>>;

std::string field_text(const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return round_trip(value.get<double>());
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Adds a value, or what a nested object holds as NAME.KEY; lists have tables of their own.
void add_fields(Record& record, const std::string& name, const json& value) {
  if (value.is_primitive()) record.emplace_back(name, field_text(value));
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items())
    add_fields(record, name.empty() ? key : name + "." + key, member);
}

ResultTable table_of(const std::string& name, const std::vector<Record>& records) {
  ResultTable table{.name = name, .head = {}, .rows = {}};
  for (const Record& record : records) {
    for (const auto& [column, text] : record)
      if (std::ranges::count(table.head, column) == 0) table.head.push_back(column);
  }
  for (const Record& record : records) {
    std::vector<std::string> row(table.head.size());
    for (const auto& [column, text] : record) {
      const auto at = std::ranges::find(table.head, column) - table.head.begin();
      row[static_cast<std::size_t>(at)] = text;
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// The tables of a run as they are found, without empty ones.
class Tables {
 public:
  void add(const std::string& name, const std::vector<Record>& records) {
    if (records.empty() || std::ranges::all_of(records, &Record::empty)) return;
    tables_.push_back(table_of(name, records));
  }
  std::vector<ResultTable> take() { return std::move(tables_); }

 private:
  std::vector<ResultTable> tables_;
};

bool all_of(const json& list, bool (*holds)(const json&)) {
  return !list.empty() && std::all_of(list.begin(), list.end(), holds);
}

bool is_record(const json& value) { return value.is_object(); }
bool is_value(const json& value) { return value.is_primitive(); }

// --- races
// -----------------------------------------------------------------------------------------

const json& element(const json& list, std::size_t i) {
  static const json kNone;
  return list.is_array() && i < list.size() ? list[i] : kNone;
}

/// Members of a method: lists by dimension, lists by dimension and size, and single values.
bool is_by_dimension(const json& value, std::size_t dimensions) {
  return value.is_array() && value.size() == dimensions &&
         std::ranges::none_of(value, [](const json& item) { return item.is_array(); });
}

bool is_by_size(const json& value, std::size_t dimensions) {
  return value.is_array() && value.size() == dimensions &&
         std::ranges::any_of(value, [](const json& item) { return item.is_array(); });
}

bool is_race(const json& results) {
  for (const auto* key : {"dimensions", "samples"})
    if (!results.contains(key) || !results[key].is_array()) return false;
  return results.contains("methods") && all_of(results["methods"], is_record);
}

std::vector<Record> by_size(const json& results) {
  std::vector<Record> records;
  const json& dimensions = results["dimensions"];
  for (const auto& [method, found] : results["methods"].items()) {
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      const json& sizes = element(results["samples"], d);
      for (std::size_t i = 0; sizes.is_array() && i < sizes.size(); ++i) {
        Record record = {{"method", method},
                         {"dimension", field_text(dimensions[d])},
                         {"samples", field_text(sizes[i])}};
        for (const auto& [key, value] : found.items())
          if (is_by_size(value, dimensions.size())) add_fields(record, key, element(value[d], i));
        records.push_back(std::move(record));
      }
    }
  }
  return records;
}

std::vector<Record> by_dimension(const json& results) {
  std::vector<Record> records;
  const json& dimensions = results["dimensions"];
  for (const auto& [method, found] : results["methods"].items()) {
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      Record record = {{"method", method}, {"dimension", field_text(dimensions[d])}};
      for (const auto& [key, value] : found.items())
        if (is_by_dimension(value, dimensions.size())) add_fields(record, key, value[d]);
      records.push_back(std::move(record));
    }
  }
  return records;
}

std::vector<Record> by_name(const json& records_by_name, const char* column) {
  std::vector<Record> records;
  for (const auto& [name, value] : records_by_name.items()) {
    records.push_back({{column, name}});
    add_fields(records.back(), "", value);
  }
  return records;
}

void add_race(Tables& tables, const json& results) {
  tables.add("overlaps", by_size(results));
  tables.add("samples_to_half", by_dimension(results));
  tables.add("exponents", by_name(results["methods"], "method"));
}

// --- other results
// ---------------------------------------------------------------------------------

std::vector<Record> numbered(const json& list, const std::string& number, Record beginning = {}) {
  std::vector<Record> records;
  for (const json& item : list) {
    records.push_back(beginning);
    records.back().emplace_back(number, std::to_string(records.size()));
    add_fields(records.back(), "", item);
  }
  return records;
}

/// A list of records, and the lists of records that they hold: "leaps", "leaps_orders".
void add_list(Tables& tables, const std::string& name, const json& list) {
  tables.add(name, numbered(list, "number"));
  std::map<std::string, std::vector<Record>> inner;
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const auto& [key, value] : list[i].items()) {
      if (!value.is_array() || !all_of(value, is_record)) continue;
      auto records = numbered(value, "number", {{name, std::to_string(i + 1)}});
      std::ranges::move(records, std::back_inserter(inner[key]));
    }
  }
  for (const auto& [key, records] : inner) tables.add(name + "_" + key, records);
}

/// Lists of values among the members of an object, those of one length side by side.
void add_columns(Tables& tables, const std::string& name, const json& object) {
  std::map<std::size_t, std::vector<std::string>> names_by_length;
  for (const auto& [key, value] : object.items()) {
    if (key == "warnings" || key == "suggestions") continue;
    if (value.is_array() && all_of(value, is_value)) names_by_length[value.size()].push_back(key);
  }
  for (const auto& [length, keys] : names_by_length) {
    const bool by_order = std::ranges::count(keys, "lambda") > 0;  // Hermite orders, from 0 on
    std::vector<Record> records(length);
    for (std::size_t i = 0; i < length; ++i) {
      records[i].emplace_back(by_order ? "order" : "number", std::to_string(by_order ? i : i + 1));
      for (const auto& key : keys) add_fields(records[i], key, object[key][i]);
    }
    tables.add(by_order ? "orders" : name.empty() ? keys.front() : name, records);
  }
}

void add_results(Tables& tables, const json& results) {
  add_columns(tables, "", results);
  for (const auto& [key, value] : results.items()) {
    if (value.is_array() && all_of(value, is_record)) {
      add_list(tables, key, value);
    } else if (value.is_object() && all_of(value, is_record)) {
      tables.add(key, by_name(value, "name"));
    } else if (value.is_object()) {
      add_columns(tables, key, value);
    }
  }
}

}  // namespace

std::vector<ResultTable> result_tables(const json& summary) {
  const auto results = summary.is_object() ? summary.find("results") : summary.end();
  if (results == summary.end() || !results->is_object()) return {};
  Tables tables;
  if (is_race(*results)) {
    add_race(tables, *results);
  } else {
    add_results(tables, *results);
  }
  return tables.take();
}

std::vector<std::filesystem::path> export_tables(const std::vector<ResultTable>& tables,
                                                 const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw RunFailed(folder.string(),
                    fmt::format("the folder cannot be created ({}).", error.message()));
  }
  std::vector<std::filesystem::path> files;
  for (const ResultTable& table : tables) {
    std::string text = run::csv_line(table.head);
    for (const auto& row : table.rows) text += run::csv_line(row);
    files.push_back(folder / (table.name + ".csv"));
    write_atomically(files.back(), text);
  }
  return files;
}

}  // namespace thalweg::report
