# cmake -DOUT=pages.cc -P assemble.cmake: the pages of this folder as constants of lib/report/pages.h, with what their
# <link rel="stylesheet"> and <script src> name put in their places.

# One page; names of files stand in it as a browser would read them, so pages can also be opened as they lie here.
function(assemble page out)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/${page} html)
  string(REGEX MATCHALL "(href|src)=\"[a-z_]+\\.(css|js)\"" names "${html}")
  foreach(name IN LISTS names)
    string(REGEX REPLACE ".*\"(.*)\"" "\\1" file "${name}")
    file(READ ${CMAKE_CURRENT_LIST_DIR}/${file} text)
    string(REPLACE "<link rel=\"stylesheet\" ${name}>" "<style>\n${text}</style>" html "${html}")
    string(REPLACE "<script ${name}></script>" "<script>\n${text}</script>" html "${html}")
  endforeach()
  set(${out} "${html}" PARENT_SCOPE)
endfunction()

assemble(report.html report)
assemble(decision_record.html record)
assemble(bench.html bench)
assemble(evaluation.html evaluation)
file(WRITE ${OUT}.new "#include \"lib/report/pages.h\"

namespace limpid::client {

const std::string_view kReportPage = R\"page(${report})page\";

const std::string_view kDecisionRecordPage = R\"page(${record})page\";

const std::string_view kBenchPage = R\"page(${bench})page\";

const std::string_view kEvaluationPage = R\"page(${evaluation})page\";

}  // namespace limpid::client
")
file(RENAME ${OUT}.new ${OUT})
