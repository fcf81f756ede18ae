# cmake -DOUT=files.cc -P assemble.cmake: the page, its styles and its scripts as constants of files.h. page.html names the
# files where they lie, so that it can also be opened there; what is served names one style and one script.
file(READ ${CMAKE_CURRENT_LIST_DIR}/page/page.html page)
string(REGEX MATCHALL "<(link rel=\"stylesheet\" href|script src)=\"[a-z_./]+\"[^\n]*\n" tags "${page}")
set(css "")
set(js "")
foreach(tag IN LISTS tags)
  string(REGEX REPLACE ".*=\"([a-z_./]+)\".*" "\\1" name "${tag}")
  string(REGEX REPLACE ".*\\.(css|js)$" "\\1" kind "${name}")
  file(READ ${CMAKE_CURRENT_LIST_DIR}/page/${name} text)
  string(APPEND ${kind} "${text}")
  string(REPLACE "${tag}" "" page "${page}")
endforeach()
string(REPLACE "</head>" "<link rel=\"stylesheet\" href=\"page.css\">\n</head>" page "${page}")
string(REPLACE "</body>" "<script src=\"page.js\"></script>\n</body>" page "${page}")
file(WRITE ${OUT}.new "#include \"playground/files.h\"

namespace limpid::playground {

const std::string_view kPage = R\"page(${page})page\";

const std::string_view kStyle = R\"page(${css})page\";

const std::string_view kScript = R\"page(${js})page\";

}  // namespace limpid::playground
")
file(RENAME ${OUT}.new ${OUT})
