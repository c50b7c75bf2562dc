/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query parameters of list and watch (metav1.ListOptions): read, checked against each other and against
 * the kind, with upstream's wording. Pure.
 */
#ifndef REST_OPTIONS_H
#define REST_OPTIONS_H

#include "request/request.h"
#include "request/status.h"
#include "rest/negotiate.h"
#include "object/labels.h"

enum rv_match { RV_MATCH_UNSET, RV_MATCH_EXACT, RV_MATCH_NOT_OLDER };

struct list_options {
	struct selector *labels;      /* NULL = all */
	struct field_selector fields; /* n 0 = all */
	bool has_rv;		      /* false: not given or "" */
	uint64_t rv;
	enum rv_match match;
	size_t limit; /* 0 = all */
	/* from `continue` */
	char *after;	      /* key to go on behind; NULL = from the start */
	uint64_t continue_rv; /* 0 = whatever is newest (an inconsistent continuation) */
	int64_t timeout_s;    /* 0 = not given; may be negative */
	bool bookmarks;
	bool has_initial, initial; /* sendInitialEvents, which a watch without a revision has, too */
};
/* REASON_BAD_REQUEST, or REASON_INVALID with the field errors in *errs. On failure nothing has to be released. The form
   of the reply is judged in between, as upstream does: REASON_NOT_ACCEPTABLE; `accept` NULL: it was already. */
int options_parse(const struct request *rq, struct list_options *ret, struct accept *accept,
		  struct field_errors *errs, struct err *err) MUST_CHECK;
void options_release(struct list_options *o);
/* Which revision a list shows: 0 = now. */
uint64_t options_exact(const struct list_options *o);
/* The failure of options_parse as a response; releases errs. */
void options_fail(const struct request *rq, struct response *rs, const struct err *err,
		  struct field_errors *errs);
/* One value of dryRun: "All" sets *ret, anything else is a field error and -1. */
int options_dry_run(struct field_errors *errs, const char *value, bool *ret);
/* All that the query says of it, into the attributes; the first wrong one is told. */
void options_dry_run_of(struct request *rq, struct field_errors *errs);
/* A resourceVersion; "" is 0. -1 when it is no number. */
int options_revision(const char *s, uint64_t *ret);
/* What is said of one that is none: REASON_BAD_REQUEST of lists, else a failure without a reason, as upstream has it. */
int options_bad_revision(const char *s, bool list, struct err *err);

/* rest/continue.c: the opaque token. rv 0 = inconsistent. */
void continue_encode(struct buf *out, uint64_t rv, const char *after);
int continue_decode(const char *token, uint64_t *ret_rv, char **ret_after, struct err *err) MUST_CHECK;

#endif
