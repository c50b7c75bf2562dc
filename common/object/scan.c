/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of RFC 8259, one byte of lookahead, no stack: the caller's own nesting is the stack, and
 * scan_skip keeps one bit per level. Strings are passed eight bytes at a time. Once `error` is set every call
 * fails, so a caller may check once, at the end.
 *
 * Error texts are encoding/json's. Those that begin with a blank continue "invalid character 'x'" (see
 * scan_err).
 */
#include "object/scan.h"

#include <stdio.h>
#include <endian.h>
#include <string.h>
#include "object/json.h"

static const char error_eof[] = "unexpected end of JSON input";

void scan_init(struct scan *s, const char *p, size_t n)
{
	*s = (struct scan){.start = p, .p = p, .end = n ? p + n : p};
}

static bool fail(struct scan *s, const char *what)
{
	if (!s->error)
		s->error = s->p == s->end ? error_eof : what;
	return false;
}

bool scan_fail(struct scan *s, const char *what)
{
	if (!s->error)
		s->error = what;
	return false;
}

static inline void skip_space(struct scan *s)
{
	const char *p = s->p;

	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	s->p = p;
}

enum scan_type scan_peek(struct scan *s)
{
	static const unsigned char types[256] = {
		['{'] = SCAN_OBJECT, ['['] = SCAN_ARRAY,  ['"'] = SCAN_STRING, ['t'] = SCAN_TRUE,
		['f'] = SCAN_FALSE,  ['n'] = SCAN_NULL,	  ['-'] = SCAN_NUMBER, ['0'] = SCAN_NUMBER,
		['1'] = SCAN_NUMBER, ['2'] = SCAN_NUMBER, ['3'] = SCAN_NUMBER, ['4'] = SCAN_NUMBER,
		['5'] = SCAN_NUMBER, ['6'] = SCAN_NUMBER, ['7'] = SCAN_NUMBER, ['8'] = SCAN_NUMBER,
		['9'] = SCAN_NUMBER,
	};

	if (s->error)
		return SCAN_ERROR;
	skip_space(s);
	if (s->p == s->end)
		return SCAN_END;
	enum scan_type t = types[(unsigned char)*s->p];

	if (t == SCAN_ERROR)
		fail(s, " looking for beginning of value");
	return t;
}

static bool enter(struct scan *s, enum scan_type want)
{
	if (scan_peek(s) != want)
		return fail(s, "value of another type");
	if (s->depth >= JS_MAX_DEPTH)
		return scan_fail(s, "exceeded max depth");
	s->p++;
	if (++s->depth > s->deepest)
		s->deepest = s->depth;
	if (want == SCAN_OBJECT)
		s->values += JS_OBJECT_COST - 1;
	s->first = true;
	return true;
}

bool scan_enter_object(struct scan *s)
{
	return enter(s, SCAN_OBJECT);
}

bool scan_enter_array(struct scan *s)
{
	return enter(s, SCAN_ARRAY);
}

static bool leave(struct scan *s)
{
	s->p++;
	s->depth--;
	s->first = false;
	return false;
}

/*
 * Marks, in their highest bits, those of eight bytes that end a plain run: quote, backslash or control. The first
 * mark is a true one, behind it there are false alarms.
 */
static inline uint64_t word_stops(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
	uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';

	return (((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high;
}

/* Where the plain run at p ends, or the input. */
static inline const char *plain_end(const char *p, const char *end)
{
	uint64_t word, stops;

	for (; end - p >= 8; p += 8) {
		memcpy(&word, p, 8);
		if ((stops = word_stops(le64toh(word))))
			return p + __builtin_ctzll(stops) / 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* Checks the escape at p (a backslash) and returns its end, or NULL with s->p at the culprit. */
static const char *escape_end(struct scan *s, const char *p)
{
	if (++p == s->end) {
		s->p = p;
		fail(s, NULL);
		return NULL;
	}
	if (*p != 'u') {
		if (*p && strchr("\"\\/bfnrt", *p))
			return p + 1;
		s->p = p;
		fail(s, " in string escape code");
		return NULL;
	}
	for (int i = 0; i < 4; i++) {
		p++;
		if (p < s->end &&
		    ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F')))
			continue;
		s->p = p;
		fail(s, " in \\u hexadecimal character escape");
		return NULL;
	}
	return p + 1;
}

/* The cursor is at the opening quote. */
static bool raw_string(struct scan *s, const char **ret, size_t *len, bool *escaped)
{
	const char *p = s->p + 1, *from = p;

	*escaped = false;
	for (;;) {
		p = plain_end(p, s->end);
		if (p < s->end && *p == '\\') {
			*escaped = true;
			if (!(p = escape_end(s, p)))
				return false;
			continue;
		}
		if (p == s->end || *p != '"') {
			s->p = p;
			return fail(s, " in string literal");
		}
		*ret = from;
		*len = (size_t)(p - from);
		s->p = p + 1;
		return true;
	}
}

bool scan_key_escaped(struct scan *s, const char **key, size_t *len, bool *escaped)
{
	if (s->error)
		return false;
	skip_space(s);
	if (s->p < s->end && *s->p == '}')
		return leave(s);
	if (!s->first) {
		if (s->p == s->end || *s->p != ',')
			return fail(s, " after object key:value pair");
		s->p++;
		skip_space(s);
	}
	s->first = false;
	s->values++;
	if (s->p == s->end || *s->p != '"')
		return fail(s, " looking for beginning of object key string");
	if (!raw_string(s, key, len, escaped))
		return false;
	skip_space(s);
	if (s->p == s->end || *s->p != ':')
		return fail(s, " after object key");
	s->p++;
	return true;
}

bool scan_key(struct scan *s, const char **key, size_t *len)
{
	bool escaped;

	return scan_key_escaped(s, key, len, &escaped);
}

bool scan_item(struct scan *s)
{
	if (s->error)
		return false;
	skip_space(s);
	if (s->first && s->p < s->end && *s->p == ']')
		return leave(s);
	if (!s->first) {
		if (s->p < s->end && *s->p == ']')
			return leave(s);
		if (s->p == s->end || *s->p != ',')
			return fail(s, " after array element");
		s->p++;
	}
	s->first = false;
	s->values++;
	return true;
}

/* wrong: what is said of each letter after the first. */
static bool literal(struct scan *s, const char *word, const char *const *wrong)
{
	s->p++;
	for (word++; *word; word++, wrong++, s->p++)
		if (s->p == s->end || *s->p != *word)
			return fail(s, *wrong);
	return true;
}

static bool scalar(struct scan *s, enum scan_type t)
{
#define EXPECTING(word, letter) " in literal " word " (expecting '" letter "')"
	static const char *const in_true[] = {EXPECTING("true", "r"), EXPECTING("true", "u"),
					      EXPECTING("true", "e")};
	static const char *const in_false[] = {EXPECTING("false", "a"), EXPECTING("false", "l"),
					       EXPECTING("false", "s"), EXPECTING("false", "e")};
	static const char *const in_null[] = {EXPECTING("null", "u"), EXPECTING("null", "l"),
					      EXPECTING("null", "l")};
	const char *p;
	size_t n;
	bool escaped;

	switch (t) {
	case SCAN_STRING:
		return raw_string(s, &p, &n, &escaped);
	case SCAN_NUMBER:
		return scan_number(s, &p, &n);
	case SCAN_TRUE:
		return literal(s, "true", in_true);
	case SCAN_FALSE:
		return literal(s, "false", in_false);
	case SCAN_NULL:
		return literal(s, "null", in_null);
	default:
		return fail(s, error_eof);
	}
}

bool scan_skip(struct scan *s)
{
	uint64_t is_object[JS_MAX_DEPTH / 64 + 1];
	int base = s->depth;

	for (;;) {
		enum scan_type t = scan_peek(s);

		if (t == SCAN_OBJECT || t == SCAN_ARRAY) {
			if (!enter(s, t))
				return false;
			uint64_t bit = UINT64_C(1) << (s->depth % 64), *word = &is_object[s->depth / 64];

			*word = t == SCAN_OBJECT ? *word | bit : *word & ~bit;
		} else if (!scalar(s, t)) {
			return false;
		}
		for (;;) {
			const char *key;
			size_t n;

			if (s->depth == base)
				return !s->error;
			if (is_object[s->depth / 64] >> (s->depth % 64) & 1 ? scan_key(s, &key, &n)
									    : scan_item(s))
				break;
			if (s->error)
				return false;
		}
	}
}

bool scan_string(struct scan *s, const char **p, size_t *len, bool *escaped)
{
	if (scan_peek(s) != SCAN_STRING)
		return fail(s, "value of another type");
	return raw_string(s, p, len, escaped);
}

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

static size_t utf8(char out[4], unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Decodes the \uXXXX at p, with the second half of a surrogate pair; a lone half becomes U+FFFD, as in
 * encoding/json. */
static const char *unescape_u(struct buf *out, const char *p, const char *end)
{
	unsigned c = hex4(p + 2);
	char bytes[4];

	p += 6;
	if (c >= 0xd800 && c < 0xe000) {
		unsigned low = c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : 0;

		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			p += 6;
		} else {
			c = 0xfffd;
		}
	}
	buf_add(out, bytes, utf8(bytes, c));
	return p;
}

void scan_unescape(struct buf *out, const char *p, size_t len)
{
	static const char plain[256] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r',
					['t'] = '\t', ['"'] = '"',  ['\\'] = '\\', ['/'] = '/'};
	const char *end = p + len;

	buf_reserve(out, len);
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));

		buf_add(out, p, (size_t)((slash ? slash : end) - p));
		if (!slash || end - slash < 2)
			return;
		p = slash;
		if (p[1] != 'u') {
			buf_addc(out, plain[(unsigned char)p[1]]);
			p += 2;
		} else if (end - p >= 6) {
			p = unescape_u(out, p, end);
		} else {
			return;
		}
	}
}

static bool digits(struct scan *s, const char *what)
{
	if (s->p == s->end || *s->p < '0' || *s->p > '9')
		return fail(s, what);
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return true;
}

bool scan_number(struct scan *s, const char **p, size_t *len)
{
	if (scan_peek(s) != SCAN_NUMBER)
		return fail(s, "value of another type");
	const char *from = s->p;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!digits(s, " in numeric literal"))
		return false;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s, " after decimal point in numeric literal"))
			return false;
	}
	if (s->p < s->end && (*s->p | 0x20) == 'e') {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s, " in exponent of numeric literal"))
			return false;
	}
	*p = from;
	*len = (size_t)(s->p - from);
	return true;
}

bool scan_literal_int(const char *p, size_t len, int64_t *v)
{
	bool negative = len && *p == '-';
	uint64_t n = 0;

	for (size_t i = negative; i < len; i++) {
		unsigned d = (unsigned char)p[i] - '0';

		if (d > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, d, &n))
			return false;
	}
	if (n > (uint64_t)INT64_MAX + negative)
		return false;
	*v = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

bool scan_int(struct scan *s, int64_t *v)
{
	const char *p;
	size_t len;

	if (!scan_number(s, &p, &len))
		return false;
	return scan_literal_int(p, len, v) || scan_fail(s, "number is not a 64-bit integer");
}

bool scan_bool(struct scan *s, bool *v)
{
	enum scan_type t = scan_peek(s);

	if (t != SCAN_TRUE && t != SCAN_FALSE)
		return fail(s, "value of another type");
	if (!scalar(s, t))
		return false;
	*v = t == SCAN_TRUE;
	return true;
}

bool scan_null(struct scan *s)
{
	return scan_peek(s) == SCAN_NULL ? scalar(s, SCAN_NULL) : fail(s, "value of another type");
}

bool scan_finish(struct scan *s)
{
	if (s->error)
		return false;
	skip_space(s);
	return s->p == s->end || fail(s, " after top-level value");
}

bool scan_key_is(const char *key, size_t len, const char *want)
{
	size_t n = strlen(want);

	if (len == n && !memcmp(key, want, n))
		return true;
	if (len <= n || !memchr(key, '\\', len))
		return false;
	autobuf struct buf b = BUF_INIT;

	scan_unescape(&b, key, len);
	return b.len == n && !memcmp(buf_str(&b), want, n);
}

/* The byte as Go's strconv.Quote shows it, in single quotes. */
static void quote_byte(char out[16], unsigned char c)
{
	static const char named[256] = {['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f',  ['\n'] = 'n', ['\r'] = 'r',
					['\t'] = 't', ['\v'] = 'v', ['\''] = '\'', ['\\'] = '\\'};
	char bytes[5] = "";

	if (named[c])
		snprintf(out, 16, "'\\%c'", named[c]);
	else if (c < 0x20 || c == 0x7f)
		snprintf(out, 16, "'\\x%02x'", c);
	else if (c > 0x7f && c <= 0xa0)
		snprintf(out, 16, "'\\u%04x'", c);
	else {
		utf8(bytes, c);
		snprintf(out, 16, "'%s'", bytes);
	}
}

int scan_err(const struct scan *s, struct err *err)
{
	char c[16];

	if (!s->error || s->error == error_eof)
		return err_set(err, REASON_BAD_REQUEST, "%s", error_eof);
	size_t at = (size_t)(s->p - s->start);

	if (*s->error != ' ')
		return err_set(err, REASON_BAD_REQUEST, "%s (byte %zu)", s->error, at);
	quote_byte(c, (unsigned char)*s->p);
	return err_set(err, REASON_BAD_REQUEST, "invalid character %s%s (byte %zu)", c, s->error, at);
}
