#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// C interface of the Rust crate `tokenizers`, for hf_tokenizer.cc only.
//
// Threading: a loaded tokenizer is immutable; any thread may encode and decode with it.
// Errors: a function that returns limpid_hf_status sets *error to a NUL-terminated message when the status is not
// LIMPID_HF_OK; free it with limpid_hf_error_free. A panic in Rust is an error like any other, never an abort.

#ifdef __cplusplus
extern "C" {
#endif

typedef enum limpid_hf_status {
  LIMPID_HF_OK = 0,
  LIMPID_HF_INVALID = 1,   // what the caller gave: not UTF-8, too many tokens, a tokenizer.json that does not parse
  LIMPID_HF_INTERNAL = 2,  // the tokenizer failed on valid input
} limpid_hf_status;

typedef enum limpid_hf_truncation {
  LIMPID_HF_TRUNCATION_ERROR = 0,  // too many tokens is LIMPID_HF_INVALID
  LIMPID_HF_TRUNCATION_LONGEST_FIRST = 1,
  LIMPID_HF_TRUNCATION_ONLY_FIRST = 2,
  LIMPID_HF_TRUNCATION_ONLY_SECOND = 3,
} limpid_hf_truncation;

typedef struct limpid_hf_tokenizer limpid_hf_tokenizer;

// Borrowed bytes; `data` may be NULL when `size` is 0.
typedef struct limpid_hf_bytes {
  const char* data;
  size_t size;
} limpid_hf_bytes;

// Texts are UTF-8 and may contain NUL.
typedef struct limpid_hf_input {
  limpid_hf_bytes text;
  limpid_hf_bytes pair;
  bool has_pair;
  limpid_hf_truncation truncation;
  size_t max_tokens;  // special tokens included
} limpid_hf_input;

typedef struct limpid_hf_token {
  uint32_t id;
  uint32_t type_id;
  int32_t sequence;     // 0 text, 1 pair, -1 added by the post-processor
  int32_t word;         // index of the pre-tokenizer's piece within its sequence, -1 none
  uint32_t begin_byte;  // half-open range of the original text
  uint32_t end_byte;
  bool is_special;
} limpid_hf_token;

// Owns `tokens`; give it back with limpid_hf_encoding_free.
typedef struct limpid_hf_encoding {
  limpid_hf_token* tokens;
  size_t size;
  bool truncated;
} limpid_hf_encoding;

// Owns its bytes, which are UTF-8; give it back with limpid_hf_text_free.
typedef struct limpid_hf_text {
  char* data;
  size_t size;
} limpid_hf_text;

// Parses the contents of a tokenizer.json. The file's own truncation and padding settings are ignored.
limpid_hf_status limpid_hf_tokenizer_load(limpid_hf_bytes json, limpid_hf_tokenizer** tokenizer, char** error);
void limpid_hf_tokenizer_free(limpid_hf_tokenizer* tokenizer);

// Number of distinct tokens, added ones included (Python's len(tokenizer)).
size_t limpid_hf_vocab_size(const limpid_hf_tokenizer* tokenizer);

// Spelling of a token, borrowed from the tokenizer. False when no token has this id.
bool limpid_hf_spelling(const limpid_hf_tokenizer* tokenizer, uint32_t id, limpid_hf_bytes* spelling, bool* is_special);

// The token of this spelling. False when there is none.
bool limpid_hf_find(const limpid_hf_tokenizer* tokenizer, limpid_hf_bytes spelling, uint32_t* id);

// Encodes with special tokens. `encoding` is written only when the status is LIMPID_HF_OK.
limpid_hf_status limpid_hf_encode(const limpid_hf_tokenizer* tokenizer, const limpid_hf_input* input,
                                  limpid_hf_encoding* encoding, char** error);
void limpid_hf_encoding_free(limpid_hf_encoding encoding);

// The text of `size` ids. `text` is written only when the status is LIMPID_HF_OK.
limpid_hf_status limpid_hf_decode(const limpid_hf_tokenizer* tokenizer, const uint32_t* ids, size_t size,
                                  bool skip_special_tokens, limpid_hf_text* text, char** error);
void limpid_hf_text_free(limpid_hf_text text);

void limpid_hf_error_free(char* error);

#ifdef __cplusplus
}
#endif
