/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.managedFields: who owns which field (kubernetes/apimachinery pkg/util/managedfields).
 *
 * Trees of this room never hold the list. It travels beside them as it is stored (obj_managed.h): most writes do not change
 * it, and taking it apart costs more than all else that they do. Entries are decoded into an arena when somebody has to
 * know, and written again from there.
 */
#ifndef REGISTRY_MANAGED_INTERNAL_H
#define REGISTRY_MANAGED_INTERNAL_H

#include "object/fieldset/fieldset.h"
#include "registry/registry_internal.h"

/* ---- managed_entries.c: managers ---- */
struct manager {
	const char *name, *version, *subresource; /* "" when absent; version is that of the fields */
	bool applied;				  /* operation Apply, else Update */
	const char *time;			  /* NULL: none */
	int64_t seconds;			  /* of it */
	const struct fieldset *set;
	const char *
		unread; /* instead of a set that nobody has looked into: its FieldsV1, which is not empty; NULL: it was read */
	size_t n_unread;
	const struct fieldset *left; /* while somebody applies: what of it stays */
};
struct managers {
	struct arena *arena; /* of all texts and sets */
	struct manager *v;
	size_t n, cap;
};
/* The list as JSON text, which outlives the arena's contents. REASON_BAD_REQUEST: not such a list; nothing is in *ret. */
int managers_decode(struct arena *a, const char *p, size_t n, struct managers *ret,
		    struct err *err) MUST_CHECK;
/* The same of a stored list; NULL has nobody. */
int managers_of(struct arena *a, const struct obj_managed *m, struct managers *ret,
		struct err *err) MUST_CHECK;
/* As managers_of, but for who will look into few of the sets: they are unread. */
int managers_of_unread(struct arena *a, const struct obj_managed *m, struct managers *ret,
		       struct err *err) MUST_CHECK;
/* Whether it owns, or may own, a field at the top of an object below which the set has something. */
bool managers_meet(const struct manager *who, const struct fieldset *set);
/* Reads its set. False: that is none. */
bool managers_read(struct managers *m, struct manager *who);
/* Sorts them and writes the list; nothing when there is none. */
void managers_encode(struct managers *m, struct buf *out);
/* The manager of that identity: versions tell updaters apart, but not appliers. NULL: none. */
struct manager *managers_find(const struct managers *m, const struct manager *like);
struct manager *managers_add(struct managers *m, const struct manager *like);
/* Forgets those whose set is empty. */
void managers_drop_empty(struct managers *m);
/* No more than ten updaters: the oldest become one. */
void managers_cap(struct managers *m);

/* ---- managed_memo.c: lists of new objects. Any thread ---- */
struct managed_memo_key {
	uint64_t hash[2];
};
struct managed_memo *managed_memo_new(void);
void managed_memo_free(struct managed_memo *m);
/* False: it is not one that is remembered. */
bool managed_memo_key(struct managed_memo *m, const struct registry_call *c, const char *author,
		      const js *new, struct managed_memo_key *ret);
/* The list of such an object that is made now; NULL: not known. */
struct obj_managed *managed_memo_get(struct managed_memo *m, const struct managed_memo_key *key,
				     int64_t now_ns);
void managed_memo_put(struct managed_memo *m, const struct managed_memo_key *key, struct obj_managed *list);

/* ---- managed_reset.c ---- */
struct reset_row;
/* NULL: nothing is reset; static. */
const struct reset_row *managed_reset_find(const struct kind *k, const char *subresource);
/* The set without what the row says that it cannot hold. */
const struct fieldset *managed_reset(struct arena *a, const struct reset_row *row, const struct fieldset *s);

/* ---- managed.c: what becomes of them in a write ---- */
/* One write, in the version in which its author speaks. */
struct managed {
	const struct registry *registry;
	const struct kind *kind; /* the author's */
	const struct type *type; /* its, or a subresource's, as the next two */
	const char *kind_name;
	char version[128]; /* "apps/v1": the author's, and that of his fields */
	const char *subresource;
	const struct reset_row
		*reset; /* what this write cannot change, and nobody gets for it; NULL: nothing */
	int64_t now_ns;
	struct managers managers;
};
void managed_init(struct managed *m, struct registry_call *c, struct arena *a);
/* Somebody has made `new` of `old` (NULL: of nothing): fields change hands. True when any did. */
bool managed_note(struct managed *m, const char *name, const js *old, const js *new);
/* The object in the version of a manager, out of `o` in the version of m: o itself or *made; NULL: there is none such. */
const js *managed_convert(const struct managed *m, const char *version, const js *o, js **made,
			  const struct type **ret_type);
/* The other way round; a reference of the caller's. */
js *managed_convert_back(const struct managed *m, const char *version, js *o);
struct managed_changes {     /* as the managers of one version see them */
	const char *version; /* NULL: none yet */
	bool known;	     /* there is such a version */
	struct fieldset_changes c;
	const struct fieldset *changed; /* added or modified */
	const struct fieldset *felt;	/* that, and what was removed, of all that somebody may own */
	const struct type *type;
};
void managed_compare(struct managed *m, struct managed_changes *v, const char *version, const js *old,
		     const js *new);
/* mine when the version is m's, else other, compared anew when it was of a third one. */
struct managed_changes *managed_changes_for(struct managed *m, struct managed_changes *mine,
					    struct managed_changes *other, const char *version, const js *old,
					    const js *new);
/* The same set without anything that belongs to trees. */
const struct fieldset *managed_own(struct arena *a, const struct fieldset *s);
/* A new manager's time. */
void managed_now(const struct managed *m, struct manager *who);
/* What is never anybody's. */
const struct fieldset *managed_strip(struct arena *a, const struct fieldset *s);
/* The kind that stands for an object of m in that version; NULL: none does. */
const struct kind *managed_kind(const struct managed *m, const char *version);
/* What will be stored. */
void managed_keep(struct registry_call *c, struct managed *m);

/* ---- managed_scale.c: a write of the scale subresource, in the Scale's terms ---- */
void managed_scale_init(struct managed *m, struct registry_call *c, struct arena *a);
/* The parent's managers become the Scale's … */
void managed_scale_enter(struct managed *m, struct managers *ret_parent);
/* … and these the parent's again. */
void managed_scale_leave(struct managed *m, const struct managers *parent);

#endif
