/* SPDX-License-Identifier: Apache-2.0 */
/* Object keys that trees share; inside json_parse.c and json.c only. Any thread. */
#ifndef OBJECT_JSON_KEY_H
#define OBJECT_JSON_KEY_H

#include <stddef.h>

/* A NUL-terminated copy of the key that lives as long as the process, or NULL when it is not shared. */
const char *json_key_shared(const char *key, size_t len);

#endif
