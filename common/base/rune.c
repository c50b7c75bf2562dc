/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rune.h"

#include <stddef.h>
#include "base/mem.h"

unsigned rune_next(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	unsigned n = *s >= 0xf0	  ? 4
		     : *s >= 0xe0 ? 3
		     : *s >= 0xc2 ? 2
				  : 1,
		 rune = n == 1 ? *s : *s & (0x7fu >> n);

	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p += 1;
			return 0xfffd;
		}
		rune = rune << 6 | (s[i] & 0x3f);
	}
	*p += n;
	return n == 1 && rune >= 0x80 ? 0xfffd : rune;
}

bool rune_is_printable(unsigned rune)
{
	static const unsigned short not [][2] = {
		{0, 0x1f},	  {0x7f, 0xa0},	    {0xad, 0xad},     {0x2000, 0x200f}, {0x2028, 0x202f},
		{0x205f, 0x206f}, {0x3000, 0x3000}, {0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}};

	for (size_t i = 0; i < ARRAY_LEN(not ); i++)
		if (rune >= not [i][0] && rune <= not [i][1])
			return false;
	return true;
}
