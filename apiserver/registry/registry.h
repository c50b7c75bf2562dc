/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to an object, whoever asked: a client over the network, the server itself at start-up, a test.
 *
 * A call says who wants what (attributes), brings a tree or the way to make one, and gets an object, or an
 * error with its field errors and what they are about. It never sees a request or a response.
 *
 * Every operation is a row of steps (look up, change, default, admit, validate, store …). A step computes; none
 * waits. Where there is something to wait for (the store, a cache that is behind, admission that asks somebody
 * else) the call lets go of its thread and goes on when it is called back. So a call is an object of its own
 * and not a stack, and a thousand writes in flight hold no thread.
 *
 * Threads: one at a time per call. An operation starts on its caller's thread; `done` runs there or on any
 * other, also before the operation returns.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <pthread.h>
#include "admission/admission.h"
#include "kinds/strategy.h"
#include "request/attributes.h"
#include "storage/storage.h"

#define REGISTRY_CONFLICT_RETRIES 5 /* as upstream's patch handler */

struct registry;
struct registry_config {
	const struct schema *schema; /* borrowed, as all below */
	struct storage *storage;
	const char *service_cidr;	       /* "10.96.0.0/12"; NULL = that */
	const struct admission_row *admission; /* NULL = the built-in rows */
};
/* Loads what it keeps in memory (service addresses in use …). BLOCKS. */
struct registry *registry_new(const struct registry_config *c, struct err *err) MUST_CHECK;
void registry_free(struct registry *r);
const struct schema *registry_schema(const struct registry *r);
struct views *registry_views(const struct registry *r);
/* The object as the cache knows it: a reference, or NULL. k is a stored kind. */
struct obj *registry_get(const struct registry *r, const struct kind *k, const char *ns, const char *name);
/* The lowest address for Services, the API's own. */
void registry_first_address(const struct registry *r, char ret[16]);
/* The network that they come from, without host bits. */
const char *registry_service_cidr(const struct registry *r);

struct registry_call;

/* Makes the new tree, of the stored kind, from the present state; NULL = failed. May run several times, when
   others write meanwhile. */
typedef js *registry_change_fn(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
			       struct err *err);
enum {
	CHANGE_CREATES = 1, /* a missing object makes `make` run with old NULL, and the result is created */
	CHANGE_TRUSTED =
		2, /* the server's own change (binding): no admission, no validation; make may return a
				  reference to old_tree after changing it in place */
	CHANGE_ADMITS_BODY = 8, /* admission sees the call's body as something that is created */
	CHANGE_WHOLE = 4, /* the new tree names the version it was made from; a missing one is judged by the
				  strategy */
};
struct registry_change {
	registry_change_fn *make;
	void *arg;
	unsigned flags;
	const char *uid;     /* precondition; "" or NULL = none */
	const char *only_at; /* likewise: the resourceVersion, as a text */
	const char *version; /* CHANGE_WHOLE: what the tree will name */
	unsigned retries;    /* after conflicts; 0 = REGISTRY_CONFLICT_RETRIES */
};

/* Completes the body, which is returned, or NULL: failed. */
typedef js *registry_answer_fn(struct registry_call *c, void *arg, js *body, struct err *err);

enum propagation { PROPAGATION_UNSET, PROPAGATION_BACKGROUND, PROPAGATION_FOREGROUND, PROPAGATION_ORPHAN };
struct delete_options { /* metav1.DeleteOptions */
	bool has_grace, has_orphan, orphan;
	int64_t grace;
	enum propagation propagation;
	char uid[64];		   /* precondition; "" = none */
	char resource_version[32]; /* likewise */
};

enum progress { /* how a step ended */
		PROGRESS_NEXT,
		PROGRESS_AGAIN, /* from the first step */
		PROGRESS_AWAY,	/* somebody else goes on: the call must not be touched any more */
		PROGRESS_END,	/* err tells how */
};
typedef enum progress registry_step_fn(struct registry_call *c);

struct registry_call {
	/* ---- set by the caller, all else zeroed; borrowed until done ---- */
	struct registry *registry;
	const struct attributes *attr;		   /* kind, ns, name, subresource, user, dry run */
	void (*warn)(void *arg, const char *text); /* for the client; NULL = nobody listens */
	void *warn_arg;
	void (*done)(struct registry_call *c);
	/* Has registry_continue(c) called on a thread that may compute for a while. Any thread; must not fail. */
	void (*again)(struct registry_call *c);

	/* ---- results, valid from done on; registry_call_release gives them back ---- */
	struct err err;
	struct field_errors errs;
	struct buf
		text; /* the message of a failure of which err tells the reason alone; empty: err tells it */
	struct subject about;	 /* what a failure is about */
	struct kind *about_kind; /* when that is no kind of the schema; owned, its texts are not */
	struct obj *obj;	 /* the object as it is now, or last was */
	struct obj_list deleted; /* of a collection, as they were */
	bool created, removed;
	js *answer;	     /* of registry_answer */
	const char *refusal; /* why an eviction that did not fail was not done; static, NULL = it was */

	/* ---- the room's ---- */
	char name[256];			  /* about.name may point here */
	char version[32], uid[64];	  /* what a whole object names; change may point here */
	const struct kind *kind, *stored; /* as the client speaks it, as the store keeps it */
	struct resource *res;
	const struct strategy *strategy;
	struct strategy_ctx ctx;
	const char *ns;
	registry_step_fn *const *steps;
	unsigned at, tries;
	bool generated, behind, caught_up, pinned;
	bool admitted; /* as a part of another call, which admission has seen */
	js *body, *new, *old_tree;
	struct obj *old, *draft;
	struct obj_managed *managed; /* which trees do not hold; if it is not the old one's. NULL: none */
	bool managed_set;
	bool applied; /* by server-side apply */
	struct registry_change change;
	const struct delete_options *deletion;
	enum progress (*then)(struct registry_call *c); /* judges what the store answered */
	struct admission_call admission;
	struct storage_write write;
	struct storage_wait fresh;
	struct collection *collection;
	struct eviction *eviction;
	registry_answer_fn *answers;
	void *answers_arg;
};
/* Fills what hangs on attr and kind. Before the functions below; errs, about and err may be used for what goes
   wrong before the operation itself. */
void registry_call_init(struct registry_call *c);
void registry_call_release(struct registry_call *c);
void registry_continue(struct registry_call *c);

/* ---- operations: each ends with one `done` ---- */
/* Trees are of the client's kind and consumed. */
void registry_create(struct registry_call *c, js *new);
void registry_update(struct registry_call *c, js *new);
void registry_change(struct registry_call *c, const struct registry_change *change);
/* Server-side apply: the object becomes what the manager says of it, and his are the fields that he names. The
   configuration is any tree; conflicts are told by errs and text. */
struct registry_apply {
	const js *config; /* borrowed until `done`, as this */
	bool force;
	/* Has the last word on a configuration that applies; it may be asked again. NULL: nobody has. */
	int (*judge)(void *arg, struct err *err);
	void *arg;
};
void registry_apply(struct registry_call *c, const struct registry_apply *want);
void registry_delete(struct registry_call *c, const struct delete_options *o);
/* Which objects: as storage_list has it. What it points to is borrowed until `done`. */
struct registry_selection {
	struct query query;
	uint64_t exact;	   /* 0 = now */
	uint64_t at_least; /* a revision that is not there yet is refused */
	const char *after;
	size_t limit;
};
/* One by one, each under the rules of a single deletion. What vanishes meanwhile is no error, what comes meanwhile
   stays. */
void registry_delete_collection(struct registry_call *c, const struct registry_selection *which,
				const struct delete_options *o);
/* pods/binding: the scheduler's decision becomes part of the Pod. The tree is a Binding. */
void registry_bind(struct registry_call *c, js *binding);
/* pods/eviction: a deletion that others may have a say in (disruption budgets). The tree is an Eviction, o what it says
   about the deletion. */
void registry_evict(struct registry_call *c, js *eviction, const struct delete_options *o);
/* An object of a virtual kind: `fn` makes the answer of what admission has let through. */
void registry_answer(struct registry_call *c, js *body, registry_answer_fn *fn, void *arg);
/* The tree is an autoscaling/v1 Scale. */
void registry_scale(struct registry_call *c, js *scale);

/* ---- parts for changes that are made elsewhere (patches) ---- */
/* Body and attributes speak of the same object; fills in the namespace. REASON_BAD_REQUEST. */
int registry_check_identity(struct registry_call *c, js *o, struct err *err) MUST_CHECK;
/* Field errors of a manager's name, as a query or a list of managers says it. */
void registry_check_manager(struct field_errors *errs, const char *path, const char *name);
/* The Scale that stands for two numbers and a selector of its parent, which is of kind k. */
js *registry_scale_of(const struct kind *k, const js *parent);
/* Built-in kinds have a default for the wanted number; where a user's own has none, there is nothing to scale: REASON_INTERNAL. */
int registry_scale_check(const struct kind *k, const js *parent, struct err *err) MUST_CHECK;
/* The parent with the Scale's number; NULL when it does not validate. */
js *registry_scale_apply(struct registry_call *c, const js *scale, const js *parent, struct err *err);
/* An object of the users' own kinds that says it is of another one: REASON_INVALID, about what it says that it is. Its texts
   are borrowed as long as the results. */
int registry_refuse_kind(struct registry_call *c, const js *o, struct err *err);
/* REASON_INVALID when field errors were collected. */
int registry_check(struct registry_call *c, struct err *err) MUST_CHECK;

/* ---- for those who can wait ---- */
struct registry_sync {
	struct registry_call call;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	enum { SYNC_RUNNING, SYNC_AGAIN, SYNC_DONE } state;
};
/* Then an operation on &s->call, then wait. */
void registry_sync_init(struct registry_sync *s, struct registry *r, const struct attributes *attr);
/* BLOCKS. 0 or -1 with *err. The call's results live until registry_call_release(&s->call). */
int registry_sync_wait(struct registry_sync *s, struct err *err) MUST_CHECK;

#endif
