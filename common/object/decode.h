/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON bytes into a plain C struct, by a table of rows {path, type, offset}.
 *
 * One pass of the scanner over the text, no tree. Fields go into scratch memory first; then the struct and all it
 * points to are copied into one block of exactly the needed size, so that what a daemon keeps of an object costs one
 * allocation, is freed by one free(), and is never changed: any thread may read it.
 *
 *	struct port { const char *name; int32_t number; };
 *	static const struct decode_row port_rows[] = {
 *		DECODE_STRING("name", struct port, name),
 *		DECODE_INT32("port", struct port, number),
 *	};
 *	static const struct decode_spec port_spec = DECODE_SPEC(struct port, port_rows);
 *	struct service { const char *ip; const struct port *ports; size_t n_ports; };
 *	static const struct decode_row service_rows[] = {
 *		DECODE_STRING("spec.clusterIP", struct service, ip),
 *		DECODE_ARRAY("spec.ports", struct service, ports, n_ports, &port_spec),
 *	};
 *
 * Rules of a table: steps of a path are divided by dots; rows with a common beginning stand together; several rows
 * may have one path. A path of "" is the value itself, for arrays and maps of something else than objects. The macros
 * check the type of the C field. decode_spec_check() finds what breaks the rules: call it in the test of each table.
 *
 * What is absent, null, of another type or out of range leaves the field as it is in the spec's `initial` struct
 * (zeros without one), whose strings must be static. Of a key that comes twice the later value counts.
 */
#ifndef OBJECT_DECODE_H
#define OBJECT_DECODE_H

#include "base/arena.h"
#include "object/labels.h"
#include "object/quantity.h"
#include "object/scan.h"

/* Of one decoded object, all it points to included; larger ones are refused. */
#define DECODE_MAX ((size_t)64 << 20)

enum decode_type {
	DECODE_T_STRING, /* const char * */
	DECODE_T_JSON,	 /* const char *: the value's text as it stands; of any type but null */
	DECODE_T_KEY,	 /* const char *: in rows of a map, the member's name */
	DECODE_T_BOOL,
	DECODE_T_INT32,
	DECODE_T_INT64,
	DECODE_T_UINT64,  /* a string of digits: resourceVersion */
	DECODE_T_TIME,	  /* int64_t, wall ns, from RFC 3339 */
	DECODE_T_VALUE,	  /* int64_t: a quantity in units, rounded up; or a number */
	DECODE_T_MILLI,	  /* int64_t: a quantity in thousandths, rounded up */
	DECODE_T_ENUM,	  /* int or an enum: index of the string in `names` */
	DECODE_T_COUNT,	  /* size_t: items of an array, members of an object */
	DECODE_T_PRESENT, /* bool: there is a value, and it is not null */
	DECODE_T_LABELS, /* struct labels *, sorted; the empty set when absent is NULL, which labels_get takes */
	DECODE_T_STRINGS, /* const char *const *, NULL behind the last, and a count */
	DECODE_T_STRUCT,  /* a struct in place: `sub` rows below the path */
	DECODE_T_POINTER, /* a pointer to one, NULL when absent */
	DECODE_T_ARRAY,	  /* a pointer to an array of them, and a count: from a JSON array */
	DECODE_T_MAP,	  /* the same from an object's members: rows with DECODE_KEY for the name */
	DECODE_T_FIND, /* of an array, the item whose `key` equals `value`: its rows fill a struct in place */
	DECODE_T_CALL, /* `call` consumes the value */
};

/* For values that no row can express: reads exactly one value, which may be of any type. Memory from a; false only when
   the scan failed. */
typedef bool decode_call(struct scan *s, struct arena *a, void *field);

struct decode_spec;
struct decode_row {
	const char *path;
	enum decode_type type;
	uint32_t offset, count_offset; /* count: size_t beside a pointer */
	const struct decode_spec *sub;
	bool (*unless)(
		const void *o); /* of what is read so far: this would be thrown away again; may be NULL */
	union {
		decode_call *call;
		struct { /* FIND */
			const char *key, *value;
		};
		struct { /* ENUM */
			const char *const *names;
			size_t n_names;
		};
	};
};

struct decode_spec {
	size_t size;
	const struct decode_row *rows;
	size_t n;
	const void *initial; /* size bytes; NULL = zeros */
	void (*finish)(
		void *o); /* works out fields from others, in place; children are finished before; may be NULL */
	bool literal;	  /* paths are one step each: their dots are part of the key (annotations) */
};

#define DECODE_NO_COUNT UINT32_MAX

/* ---- rows ---- */
#define DECODE_CHECKED(T, f, C)                                                                              \
	(offsetof(T, f) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), C) ? 1 : -1]))
#define DECODE_CHECKED_TEXT(T, f)                                                                            \
	(offsetof(T, f) +                                                                                    \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), const char *) ||              \
					 __builtin_types_compatible_p(__typeof__(((T *)0)->f), char *)       \
				 ? 1                                                                         \
				 : -1]))
#define DECODE_COUNTED(T, f, count) .offset = offsetof(T, f), .count_offset = DECODE_CHECKED(T, count, size_t)

#define DECODE_STRING(p, T, f)                                                                               \
	{                                                                                                    \
		.path = p, .type = DECODE_T_STRING, .offset = DECODE_CHECKED_TEXT(T, f)                      \
	}
#define DECODE_JSON(p, T, f)                                                                                 \
	{                                                                                                    \
		.path = p, .type = DECODE_T_JSON, .offset = DECODE_CHECKED_TEXT(T, f)                        \
	}
#define DECODE_KEY(T, f)                                                                                     \
	{                                                                                                    \
		.path = "", .type = DECODE_T_KEY, .offset = DECODE_CHECKED_TEXT(T, f)                        \
	}
#define DECODE_BOOL(p, T, f)                                                                                 \
	{                                                                                                    \
		.path = p, .type = DECODE_T_BOOL, .offset = DECODE_CHECKED(T, f, bool)                       \
	}
#define DECODE_INT32(p, T, f)                                                                                \
	{                                                                                                    \
		.path = p, .type = DECODE_T_INT32, .offset = DECODE_CHECKED(T, f, int32_t)                   \
	}
#define DECODE_INT64(p, T, f)                                                                                \
	{                                                                                                    \
		.path = p, .type = DECODE_T_INT64, .offset = DECODE_CHECKED(T, f, int64_t)                   \
	}
#define DECODE_UINT64(p, T, f)                                                                               \
	{                                                                                                    \
		.path = p, .type = DECODE_T_UINT64, .offset = DECODE_CHECKED(T, f, uint64_t)                 \
	}
#define DECODE_TIME(p, T, f)                                                                                 \
	{                                                                                                    \
		.path = p, .type = DECODE_T_TIME, .offset = DECODE_CHECKED(T, f, int64_t)                    \
	}
#define DECODE_VALUE(p, T, f)                                                                                \
	{                                                                                                    \
		.path = p, .type = DECODE_T_VALUE, .offset = DECODE_CHECKED(T, f, int64_t)                   \
	}
#define DECODE_MILLI(p, T, f)                                                                                \
	{                                                                                                    \
		.path = p, .type = DECODE_T_MILLI, .offset = DECODE_CHECKED(T, f, int64_t)                   \
	}
/* The names are an array of strings, [ENUM] = "Name"; a word that is none of them is like an absent one. */
#define DECODE_ENUM(p, T, f, enum_names)                                                                     \
	{                                                                                                    \
		.path = p, .type = DECODE_T_ENUM,                                                            \
		.offset = offsetof(T, f) + 0 * sizeof(char[sizeof(((T *)0)->f) == sizeof(int) ? 1 : -1]),    \
		.names = enum_names, .n_names = ARRAY_LEN(enum_names)                                        \
	}
#define DECODE_COUNT(p, T, f)                                                                                \
	{                                                                                                    \
		.path = p, .type = DECODE_T_COUNT, .offset = DECODE_CHECKED(T, f, size_t)                    \
	}
#define DECODE_PRESENT(p, T, f)                                                                              \
	{                                                                                                    \
		.path = p, .type = DECODE_T_PRESENT, .offset = DECODE_CHECKED(T, f, bool)                    \
	}
#define DECODE_LABELS(p, T, f)                                                                               \
	{                                                                                                    \
		.path = p, .type = DECODE_T_LABELS, .offset = DECODE_CHECKED(T, f, struct labels *)          \
	}
#define DECODE_STRINGS(p, T, f, count)                                                                       \
	{                                                                                                    \
		.path = p, .type = DECODE_T_STRINGS, DECODE_COUNTED(T, f, count)                             \
	}
/* Without a count: NULL behind the last, NULL when there are none. */
#define DECODE_STRINGS_TO_NULL(p, T, f)                                                                      \
	{                                                                                                    \
		.path = p, .type = DECODE_T_STRINGS, .offset = offsetof(T, f),                               \
		.count_offset = DECODE_NO_COUNT                                                              \
	}
#define DECODE_STRUCT(p, T, f, spec)                                                                         \
	{                                                                                                    \
		.path = p, .type = DECODE_T_STRUCT, .offset = offsetof(T, f), .sub = spec                    \
	}
#define DECODE_POINTER(p, T, f, spec)                                                                        \
	{                                                                                                    \
		.path = p, .type = DECODE_T_POINTER, .offset = offsetof(T, f), .sub = spec                   \
	}
/* The same where it is worth reading. Whoever asks must take it that what he asks by comes later, and drop it in `finish`. */
#define DECODE_POINTER_UNLESS(p, T, f, spec, fn)                                                             \
	{                                                                                                    \
		.path = p, .type = DECODE_T_POINTER, .offset = offsetof(T, f), .sub = spec, .unless = fn     \
	}
#define DECODE_ARRAY(p, T, f, count, spec)                                                                   \
	{                                                                                                    \
		.path = p, .type = DECODE_T_ARRAY, DECODE_COUNTED(T, f, count), .sub = spec                  \
	}
#define DECODE_MAP(p, T, f, count, spec)                                                                     \
	{                                                                                                    \
		.path = p, .type = DECODE_T_MAP, DECODE_COUNTED(T, f, count), .sub = spec                    \
	}
#define DECODE_FIND(p, k, v, T, f, spec)                                                                     \
	{                                                                                                    \
		.path = p, .type = DECODE_T_FIND, .offset = offsetof(T, f), .sub = spec, .key = k,           \
		.value = v                                                                                   \
	}
/* A struct in place that the function fills; the rows of `spec` say what it points to. */
#define DECODE_CALL(p, T, f, fn, spec)                                                                       \
	{                                                                                                    \
		.path = p, .type = DECODE_T_CALL, .offset = offsetof(T, f), .call = fn, .sub = spec          \
	}

#define DECODE_SPEC(T, table, ...)                                                                           \
	{                                                                                                    \
		.size = sizeof(T), .rows = table, .n = ARRAY_LEN(table), ##__VA_ARGS__                       \
	}

/* ---- use ---- */
/* The struct, in one block to free(); NULL with REASON_BAD_REQUEST when the text is no JSON object, or too much. */
void *decode_new(const struct decode_spec *spec, const char *p, size_t n, struct err *err) MUST_CHECK;
/* The same into *o (spec->size bytes) with what it points to in the arena: for structs that live for one call. */
int decode_into(const struct decode_spec *spec, const char *p, size_t n, struct arena *a, void *o,
		struct err *err) MUST_CHECK;
/*
 * A copy of *o, with all that the spec's rows say it points to, in one block to free(). So a struct that is made
 * from a decoded one, in an arena, gets the same form; of its rows only type and offsets matter. NULL when it is larger than DECODE_MAX.
 */
void *decode_copy(const struct decode_spec *spec, const void *o);
/* For a DECODE_CALL: the value at the cursor into *o, as of a row of its own. False when the scan failed. */
bool decode_value(const struct decode_spec *spec, struct scan *s, struct arena *a, void *o);
/* What is wrong with a table, or NULL: rows with a common beginning that do not stand together. For tests. */
const char *decode_spec_check(const struct decode_spec *spec); /* for tests */

#endif
