/* SPDX-License-Identifier: Apache-2.0 */
/* Text as code points, as Go's unicode has them. Pure; any thread. */
#ifndef BASE_RUNE_H
#define BASE_RUNE_H

#include <stdbool.h>

/* The next code point of *p, which moves on; U+FFFD for each byte that is not valid UTF-8. Not at the end of the text. */
unsigned rune_next(const char **p);
/* As unicode.IsPrint has it of what people send: no control, format or private character, no space but the plain. */
bool rune_is_printable(unsigned rune);

#endif
