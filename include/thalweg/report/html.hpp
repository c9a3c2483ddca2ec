#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace thalweg::report {

/// Text that is safe between tags and inside quoted attributes: & < > " ' become entities.
std::string escape_html(std::string_view text);

/// A sentence as HTML: escaped first, then **bold** and `code` become tags. An unpaired mark stays
/// as it is.
std::string rich_text(std::string_view text);

/// The same sentence for a terminal: without the marks of its pairs.
std::string plain_text(std::string_view text);

/// JSON that is safe inside a <script> element: "<" is written \u003c, so no name can close the
/// element. Text that is not UTF-8 gets replacement characters.
std::string script_json(const nlohmann::json& value);

/// A JavaScript library that is safe inside a <script> element: "</script" and "<!--" are broken up
/// by a backslash, which changes no string literal.
std::string inline_script(std::string_view source);

/// One word of a POSIX shell command line, quoted where it needs to be.
std::string shell_word(std::string_view text);

}  // namespace thalweg::report
