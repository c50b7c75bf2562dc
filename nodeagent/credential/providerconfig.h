/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CredentialProviderConfig of kubelet.config.k8s.io (v1, and v1beta1 and v1alpha1, which say the same): which programs know
 * credentials for which images. One file, or a directory whose *.json, *.yaml and *.yml are read by name. Read strictly: what
 * nobody knows is an error. Any thread.
 */
#ifndef CREDENTIAL_PROVIDERCONFIG_H
#define CREDENTIAL_PROVIDERCONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PROVIDERCONFIG_MAX ((size_t)1 << 20) /* bytes of a file */

struct providerconfig_row {
	const char *name;	 /* of the program, too */
	const char *api_version; /* of requests and answers */
	const char **match; /* patterns as keyring_matches takes them; NULL-terminated, as the next two */
	const char **args;
	const char **env; /* "K=V" */
	int64_t cache_ns; /* of answers that do not say */
};
struct providerconfig {
	struct arena a; /* everything's */
	struct providerconfig_row *v;
	size_t n;
	char hash[72]; /* of the files: "sha256:HEX" */
};

int providerconfig_read(const char *path, struct providerconfig *ret, struct err *err) MUST_CHECK;
/* One file's text, judged as a whole. For the fuzzer and the test. */
int providerconfig_parse(const char *text, size_t n, struct providerconfig *ret,
			 struct err *err) MUST_CHECK; /* for tests */
void providerconfig_release(struct providerconfig *c);

#endif
