/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room's door: what may still be said about a write between decoding and the store, in two phases. First
 * everybody who changes the object, then, when it has passed the schema and its strategy and is final,
 * everybody who only judges it.
 *
 * Who takes part is a table of rows {group, kind, subresource, operations, mutate, validate}, resolved per kind
 * at start. A row looks at full attributes (who asks, with groups and options), at the object and at the old
 * one. It allows, refuses, or says «later»: it has asked somebody else and will be answered. Meanwhile the
 * write holds no thread. Rows that would block on the network block in a lane of their own, so a hook that
 * hangs holds up the writes it was asked about and no other.
 *
 * Trees are the write's private ones, of the stored version. Any thread, one at a time per call.
 */
#ifndef ADMISSION_ADMISSION_H
#define ADMISSION_ADMISSION_H

#include "request/attributes.h"
#include "storage/storage.h"

enum admission_op { ADMIT_CREATE = 1, ADMIT_UPDATE = 2, ADMIT_DELETE = 4 };
enum admission_phase { ADMISSION_MUTATE, ADMISSION_VALIDATE };
enum admission_answer { ADMISSION_REFUSE = -1, ADMISSION_ALLOW, ADMISSION_LATER };

struct admission;
struct admission_call;
/* REFUSE with *err (REASON_FORBIDDEN or another, worded as upstream), or LATER after admission_ask or
   admission_when_fresh, and then the call must not be touched any more. */
typedef enum admission_answer admission_fn(struct admission_call *a, struct err *err);

struct admission_row {
	const char *name;
	const char *group, *kind;	 /* "*" = any */
	const char *subresource;	 /* "" = the object itself, "*" = any */
	unsigned operations;		 /* of enum admission_op */
	admission_fn *mutate, *validate; /* NULL = takes no part in that phase */
};

struct admission_call {
	/* ---- by the caller ---- */
	struct admission *admission;
	enum admission_op op;
	const struct attributes *attr; /* who asks for what; kind and name there are the client's */
	const struct kind *kind;       /* of obj and old */
	const char *ns, *name;
	int64_t now_ns;		     /* wall */
	js *obj;		     /* NULL on delete */
	const js *old;		     /* NULL on create */
	struct field_errors *causes; /* go with a refusal */
	struct subject *about;	     /* changed when a refusal is about another object */
	/* After LATER: have admission_run called again, on a thread that may compute. Any thread; once. */
	void (*resume)(struct admission_call *a);

	/* ---- the room's ---- */
	unsigned next;
	int64_t begun_ns, row_ns; /* when the phase and the row began, mono; 0: not begun */
	bool answered, fresh;
	enum admission_answer answer;
	struct err err;
	admission_fn *asked;
	struct storage_wait wait;
};

/* The built-in rows; `rows` ends with one without a name. The lane's threads start when it is first used. */
extern const struct admission_row admission_builtin[];
struct views;
struct admission *admission_new(const struct schema *schema, struct storage *storage, struct views *views,
				const struct admission_row *rows);
void admission_free(struct admission *ad); /* after the last call; NULL is fine */

/* Runs one phase, or goes on with it. REFUSE with *err; LATER: a->resume will be called. */
enum admission_answer admission_run(struct admission_call *a, enum admission_phase phase,
				    struct err *err) MUST_CHECK;

/* ---- for rows ---- */
/* `pods "x" is forbidden: …` */
int admission_forbid(const struct admission_call *a, struct err *err, const char *fmt, ...) PRINTF(3, 4);
/* Tests only, until there are webhooks. Runs fn, which may BLOCK, in the lane; its answer becomes the row's. REFUSE when too many wait already. */
enum admission_answer admission_ask(struct admission_call *a, admission_fn *fn, struct err *err) MUST_CHECK;
/* Calls the row again when the cache has seen all that was committed before; a->fresh tells that it has. */
enum admission_answer admission_when_fresh(struct admission_call *a) MUST_CHECK;
struct views *admission_views(const struct admission_call *a);
/* The object of a v1 kind as the cache knows it: a reference, or NULL. */
struct obj *admission_find(const struct admission_call *a, const char *group, const char *kind,
			   const char *ns, const char *name);
const struct schema *admission_schema(const struct admission_call *a);
bool admission_is_fresh(const struct admission_call *a);

#endif
