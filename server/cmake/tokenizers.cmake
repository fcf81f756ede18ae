# The `tokenizers` crate as a static library, made by cargo. Dependencies are compiled once per Cargo.lock, and the
# finished library is kept under a hash of everything that goes into it: a fresh checkout of the same sources finds it
# there, an edited source gets a new name and is built.
find_program(LIMPID_CARGO cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)

set(crate_dir ${PROJECT_SOURCE_DIR}/server/text/hf)
set(crate_files ${crate_dir}/Cargo.toml ${crate_dir}/Cargo.lock ${crate_dir}/src/lib.rs ${crate_dir}/src/encode.rs)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${crate_files})
set(crate_hashes "")
foreach(file ${crate_files})
  file(SHA256 ${file} hash)
  string(APPEND crate_hashes ${hash})
endforeach()
string(SHA256 crate_hash "${crate_hashes}")
string(SUBSTRING ${crate_hash} 0 16 crate_hash)
file(SHA256 ${crate_dir}/Cargo.lock lock_hash)
string(SUBSTRING ${lock_hash} 0 16 lock_hash)

set(cargo_dir ${LIMPID_CACHE}/cargo-${lock_hash})
set(crate_library ${cargo_dir}/${crate_hash}/liblimpid_hf_tokenizer.a)
# Asks again whether the library is there, because Ninja runs a command that is new to a build folder in any case.
set(build_crate "test -e '${crate_library}' || {
  '${LIMPID_CARGO}' build --release --locked --manifest-path '${crate_dir}/Cargo.toml' --target-dir '${cargo_dir}' &&
  mkdir -p '${cargo_dir}/${crate_hash}' &&
  cp '${cargo_dir}/release/liblimpid_hf_tokenizer.a' '${crate_library}.part' &&
  mv '${crate_library}.part' '${crate_library}'; }")
string(REPLACE "\n" "" build_crate "${build_crate}")
add_custom_command(OUTPUT ${crate_library} COMMAND sh -c "${build_crate}"
                   COMMENT "Tokenizers crate (about a minute when it is not there yet)" USES_TERMINAL VERBATIM)
add_custom_target(limpid_hf_tokenizer_build DEPENDS ${crate_library})

add_library(limpid_hf_tokenizer STATIC IMPORTED GLOBAL)
add_dependencies(limpid_hf_tokenizer limpid_hf_tokenizer_build)
set_target_properties(limpid_hf_tokenizer PROPERTIES IMPORTED_LOCATION ${crate_library})
target_link_libraries(limpid_hf_tokenizer INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
