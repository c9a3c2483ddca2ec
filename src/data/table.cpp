#include "thalweg/data/table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/file_io.hpp"
#include "thalweg/base/error.hpp"
#include "thalweg/base/files.hpp"
#include "thalweg/base/text.hpp"

namespace thalweg::data {
namespace {

/// A record and the line it begins on.
struct Record {
  std::vector<std::string> fields;
  std::int64_t line = 0;
};

/// Splits a text into records, one at a time.
class CsvReader {
 public:
  CsvReader(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    separator_ = separator_of(text_.substr(0, text_.find('\n')));
  }

  char separator() const { return separator_; }

  /// The next record that is not blank; false at the end.
  bool next(Record& record) {
    while (at_ < text_.size()) {
      record = {.fields = {}, .line = line_};
      read_record(record.fields);
      const bool blank = record.fields.size() == 1 && record.fields[0].empty();
      if (!blank) return true;
    }
    return false;
  }

  [[noreturn]] void fail(std::int64_t line, const std::string& message) const {
    throw BadInput(fmt::format("{}:{}", file_, line), message);
  }

 private:
  static char separator_of(std::string_view names) {
    constexpr std::array kSeparators = {',', ';', '\t'};
    return *std::ranges::max_element(
        kSeparators, {}, [&](char c) { return std::ranges::count(names, c); });
  }

  void read_record(std::vector<std::string>& fields) {
    while (true) {
      fields.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_field() : plain_field());
      if (at_ >= text_.size()) return;
      const char end = text_[at_++];
      if (end == separator_) continue;
      ++line_;
      return;
    }
  }

  bool at_end_of_field() const {
    return at_ >= text_.size() || text_[at_] == separator_ || text_[at_] == '\n';
  }

  std::string plain_field() {
    const std::size_t begin = at_;
    while (!at_end_of_field()) ++at_;
    return trimmed(text_.substr(begin, at_ - begin));
  }

  /// Blanks around a field, and the CR of a CRLF, mean nothing.
  static std::string trimmed(std::string_view field) {
    constexpr std::string_view kBlank = " \t\r";
    const auto first = field.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return std::string(field.substr(first, field.find_last_not_of(kBlank) - first + 1));
  }

  std::string quoted_field() {
    const std::int64_t opened = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        field += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field += text_[++at_];
      } else {
        ++at_;
        if (!plain_field().empty())
          fail(line_, "text follows a closing quote; quote the whole field.");
        return field;
      }
    }
    fail(opened, "a quote is opened and never closed.");
  }

  std::string file_;
  std::string_view text_;
  char separator_ = ',';
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

/// Where the wanted columns are.
std::vector<std::size_t> places_of(std::span<const std::string> wanted,
                                   const Record& header,
                                   const CsvReader& reader) {
  std::vector<std::size_t> places;
  for (const std::string& name : wanted) {
    const auto found = std::ranges::find(header.fields, name);
    if (found == header.fields.end()) {
      reader.fail(header.line,
                  fmt::format("there is no column '{}'.{} There are {}.",
                              printable(name),
                              did_you_mean(name, header.fields),
                              printable(join(header.fields, ", "))));
    }
    if (std::ranges::count(header.fields, name) > 1)
      reader.fail(header.line,
                  fmt::format("the column '{}' is there twice; rename one.", printable(name)));
    places.push_back(static_cast<std::size_t>(found - header.fields.begin()));
  }
  return places;
}

double number_of(std::string field,
                 const std::string& column,
                 std::int64_t line,
                 const CsvReader& reader) {
  const auto where = fmt::format("column '{}'", printable(column));
  if (field.empty())
    reader.fail(line, where + " is empty here; fill the gap or leave the row out.");
  const std::string text = field;
  if (reader.separator() != ',') std::ranges::replace(field, ',', '.');
  if (field.starts_with('+')) field.erase(0, 1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size())
    reader.fail(line, fmt::format("{}: '{}' is not a number.", where, printable(text)));
  if (!std::isfinite(value))
    reader.fail(
        line, fmt::format("{} is {}; leave the row out or give a number.", where, printable(text)));
  return value;
}

}  // namespace

const std::vector<double>& Table::column(const std::string& wanted) const {
  const auto found = std::ranges::find(names, wanted);
  if (found != names.end()) return columns[static_cast<std::size_t>(found - names.begin())];
  throw BadInput(name,
                 fmt::format("there is no column '{}'.{}", wanted, did_you_mean(wanted, names)));
}

Table read_table(const std::filesystem::path& file, std::span<const std::string> wanted) {
  const std::string text = read_file(file);
  CsvReader reader(file.string(), text);
  Record record;
  if (!reader.next(record))
    throw BadInput(file.string(), "the file is empty; the first line names the columns.");
  const Record header = record;
  Table table{.name = file.string(), .names = {}, .columns = {}};
  table.names.assign(wanted.begin(), wanted.end());
  if (wanted.empty()) table.names = header.fields;
  const auto places = places_of(table.names, header, reader);
  table.columns.resize(places.size());
  while (reader.next(record)) {
    if (record.fields.size() != header.fields.size()) {
      reader.fail(record.line,
                  fmt::format("the row has {} fields where the first line names {} columns.",
                              record.fields.size(),
                              header.fields.size()));
    }
    for (std::size_t j = 0; j < places.size(); ++j) {
      table.columns[j].push_back(
          number_of(record.fields[places[j]], table.names[j], record.line, reader));
    }
  }
  if (table.rows() == 0)
    throw BadInput(file.string(), "there is no row below the names of the columns.");
  return table;
}

}  // namespace thalweg::data
