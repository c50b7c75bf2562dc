/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked, without how it was asked: who wants to do what with which resource. Authorization, admission
 * and the registry look at this and never at a request, so that a review, an impersonated call, a webhook, the
 * bootstrap and a test can ask them the same questions.
 *
 * A value: all parts are borrowed from whoever filled it in, strings are "" when absent (never NULL).
 */
#ifndef REQUEST_ATTRIBUTES_H
#define REQUEST_ATTRIBUTES_H

#include "object/schema.h"
#include "request/user.h"

struct attributes {
	const struct user *user;
	const char *
		verb; /* "get", "list", "watch", "create" … as RBAC names them; of a path: the method in lower case */
	/* of a resource request */
	bool resource_request;
	const char *group, *version, *resource, *subresource, *ns, *name;
	const struct kind *kind; /* as the client speaks it; NULL: no such resource, or none meant */
	bool dry_run;
	const char *manager; /* who writes, as managedFields names it; "": nobody said */
	const js *options;   /* CreateOptions and the like as they came; NULL = none */
	/* of any request */
	const char *path; /* "/healthz" */
};
#define ATTRIBUTES_INIT                                                                                      \
	{                                                                                                    \
		.verb = "", .group = "", .version = "", .resource = "", .subresource = "", .ns = "",         \
		.name = "", .manager = "", .path = ""                                                        \
	}

/* What a failure is about: an object of a kind; not always the one that was asked for. */
struct subject {
	const struct kind *kind;
	const char *name;
	unsigned retry_after_s; /* told with causes of a refusal that will pass; 0 = not told */
};

#endif
