/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagePullSecrets: registry credentials out of kubernetes.io/dockerconfigjson (and dockercfg) Secrets.
 * Fetched and owned on the loop; a fetched set is frozen and may be searched from any thread.
 */
#ifndef POD_PULLSECRET_H
#define POD_PULLSECRET_H

#include "pod/api.h"
#include "pod/spec.h"
#include "runtime/runtime.h"

struct pullsecret;
/* `done` gets the set (owned by it), or NULL when there is nothing; at once when the Pod names no Secrets. A
   Secret that cannot be read is left out, as the kubelet does. */
void pullsecret_fetch(struct api *a, const struct pod *p, void (*done)(void *arg, struct pullsecret *s),
		      void *arg);
/* One Secret object more; for tests. *s NULL makes a set. */
void pullsecret_add(struct pullsecret **s, const js *secret);
void pullsecret_free(struct pullsecret *s); /* NULL is fine */
/* Credentials for the image's registry; borrowed from s. The longest matching entry wins. */
bool pullsecret_find(const struct pullsecret *s, const char *image, struct runtime_auth *ret);

#endif
