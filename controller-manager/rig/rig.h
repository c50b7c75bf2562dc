/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench for syncs: a real apiserver in this process (apiserver_rig.h), the controllers under test on real
 * informers, and no threads of theirs: a test makes objects from readable YAML, runs one sync (or all that are
 * due), and looks at the objects, the events, and the calls that were made.
 *
 * Everything is deterministic. The clock is fake, starts at RIG_NOW and moves with clock_advance(), and with rig_settle() while
 * a watch that this has ended waits to be begun again; before every sync the informers are waited for until they show exactly
 * what the API holds. Nothing sleeps.
 *
 * Calls of the controllers pass through here (the linker's --wrap), so that a test can make the API refuse or
 * lose them. A failed expectation fails the cmocka test that is running. One rig at a time, one thread.
 *
 * Objects are named KIND/NAME (cluster scope, or in the namespace "default") or KIND/NAMESPACE/NAME.
 */
#ifndef RIG_RIG_H
#define RIG_RIG_H

#include "base/clock.h"
#include "controller/controller.h"

#define RIG_NOW (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01T00:00:00Z */
#define RIG_NEVER INT64_C(-1)

struct rig;
/* A fresh cluster with the namespaces it starts with. The controllers, at most RIG_MAX, end with NULL. */
#define RIG_MAX 4
struct rig *rig_new(const struct controller *first, ...) __attribute__((sentinel));
void rig_free(struct rig *r);

/* ---- objects; all of these fail the test when the API refuses ---- */

/*
 * Creates the documents in turn, in the namespace "default" when they name none; a status is written through the
 * subresource. The text is a format. `$KIND/NAME` stands for the uid of that object. Times of creation are the
 * clock's.
 */
void rig_create(struct rig *r, const char *yaml, ...) PRINTF(2, 3);
/* Merge patch, of the subresource when sub is not NULL. */
void rig_patch(struct rig *r, const char *object, const char *sub, const char *yaml, ...) PRINTF(4, 5);
/* options: DeleteOptions as YAML, may be "". */
void rig_delete(struct rig *r, const char *object, const char *options);
js *rig_get(struct rig *r, const char *object); /* NULL when absent; the caller's */
/* Names of all objects of a kind in "default" (or the cluster), sorted, with spaces between. Valid until the
   next call. */
const char *rig_names(struct rig *r, const char *kind);
size_t rig_count(struct rig *r, const char *kind);
/* The object has (at least) these fields. Strings may be patterns as fnmatch(3), null means absent, lists match
   item by item. */
void rig_expect(struct rig *r, const char *object, const char *yaml, ...) PRINTF(3, 4);
/* The same, as soon as it has: of what the API server itself writes. */
void rig_await(struct rig *r, const char *object, const char *yaml);
void rig_await_absent(struct rig *r, const char *object);
void rig_expect_absent(struct rig *r, const char *object);
/* Every Pod that is not being deleted gets phase Running and the condition Ready, as a node agent would. */
void rig_run_pods(struct rig *r);

/* ---- syncs ---- */

struct rig_result {
	int rc;
	struct err err;
	int64_t requeue_after_ns; /* RIG_NEVER = not again */
};
/* Waits until the informers show what the API holds; the clock may move then. Every sync begins with it. */
void rig_settle(struct rig *r);
/* One sync of this key, past the queue. */
struct rig_result rig_sync(struct rig *r, const char *controller, const char *key);
/* The same; fails the test unless it returns 0. */
void rig_must_sync(struct rig *r, const char *controller, const char *key);
/*
 * Syncs every key that is due, of all controllers, until none is; a sync that fails fails the test. What asks for a
 * later look waits for clock_advance(). Returns how many syncs ran; more than 1,000 fail the test.
 */
size_t rig_run(struct rig *r);
/* The same again and again, while the API server has yet to tell the controllers where to look. */
void rig_run_until_absent(struct rig *r, const char *object);

/* ---- what the controllers did ---- */

/* The oldest event that was recorded and not asked for yet must match, as "KIND/NAME TYPE REASON MESSAGE", a
   pattern as fnmatch(3). */
void rig_expect_event(struct rig *r, const char *pattern);
void rig_expect_no_event(struct rig *r);
/* Calls so far that match "METHOD PATH", a pattern; rig_forget starts anew, for calls and events. */
size_t rig_calls(const struct rig *r, const char *pattern);
void rig_forget(struct rig *r);
#define RIG_WRITES "[!G]*" /* all but GET */

/* ---- a failing API ---- */

struct rig_fault {
	const char *call; /* "METHOD PATH", a pattern */
	enum reason reason;
	const char *message;
	unsigned after, times; /* the first `after` matching calls work; then `times` fail, 0 = all */
	const char *reply;     /* YAML: the call is not made and this is its answer; of single calls only */
	bool lost;	       /* the call works, only its answer does not come back */
	void (*before)(
		struct
		rig *r); /* instead: somebody does this first, unseen by the informers, and the call works */
};
void rig_add_fault(struct rig *r, const struct rig_fault *f); /* at most eight at a time */
#define rig_fail(r, ...) rig_add_fault(r, &(const struct rig_fault){__VA_ARGS__})
void rig_heal(struct rig *r);

#endif
