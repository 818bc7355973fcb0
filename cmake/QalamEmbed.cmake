# qalam_embed(source NAME function HEADER header.h TYPE Type FILES url=file ...)
# Writes `source`, a .cc that has the files inside of it, gzipped, and the function
# `std::span<const Type> function()`: a {url, etag, gzipped bytes} for each. gzip -9n gives the same bytes
# everywhere. The etag is of the file's own bytes, so that it says the same in both encodings.
find_program(QALAM_GZIP gzip REQUIRED)

function(qalam_embed source)
  cmake_parse_arguments(ARG "" "NAME;HEADER;TYPE" "FILES" ${ARGN})
  set(blobs "")
  set(rows "")
  set(made "")
  set(number 0)
  foreach(pair IN LISTS ARG_FILES)
    string(REGEX MATCH "^([^=]+)=(.+)$" ok "${pair}")
    set(url "${CMAKE_MATCH_1}")
    set(file "${CMAKE_MATCH_2}")
    # The etag is made at configuration.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(SHA256 "${file}" hash)
    string(SUBSTRING "${hash}" 0 20 hash)
    set(zipped "${source}.${number}.gz")
    add_custom_command(OUTPUT "${zipped}" COMMAND "${QALAM_GZIP}" -9nc "${file}" > "${zipped}" DEPENDS "${file}" VERBATIM)
    list(APPEND made "${zipped}")
    set(symbol "qalam_embedded_${ARG_NAME}_${number}")
    string(APPEND blobs "QALAM_BLOB(${symbol}, \"${zipped}\")\n")
    string(APPEND rows "      {\"${url}\", \"\\\"${hash}\\\"\", ViewOf(${symbol}, ${symbol}_end)},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[// Made by cmake/QalamEmbed.cmake.
#include "@ARG_HEADER@"

#define QALAM_BLOB(name, file)                            \
  asm(".pushsection .rodata\n"                            \
      ".global " #name "\n.hidden " #name "\n" #name ":\n" \
      ".incbin \"" file "\"\n"                            \
      ".global " #name "_end\n.hidden " #name "_end\n" #name "_end:\n" \
      ".byte 0\n.popsection\n");                          \
  extern "C" const std::byte name[];                      \
  extern "C" const std::byte name##_end[];

@blobs@
namespace qalam {
namespace {

BytesView ViewOf(const std::byte* begin, const std::byte* end) { return {begin, end}; }

}  // namespace

std::span<const @ARG_TYPE@> @ARG_NAME@() {
  static const @ARG_TYPE@ files[] = {
@rows@  };
  return files;
}

}  // namespace qalam
]])
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${made}" SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
