/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KubeletConfiguration of kubelet.config.k8s.io/v1beta1: the file of --config. Every field that means something here has a
 * flag, and the file is no more than other words for flags: what it says takes the place of their defaults, so a flag that
 * is given wins, as upstream's does. One row per field (configfile.c) says which flag, or which single value there is.
 *
 * Read strictly: a field that nobody knows, or that asks for what this agent does not do, is an error that names it. Any
 * thread.
 */
#ifndef AGENT_CONFIGFILE_H
#define AGENT_CONFIGFILE_H

#include "base/flags.h"
#include "object/json.h"

#define CONFIGFILE_MAX ((size_t)1 << 20) /* bytes of the file */

struct configfile;
/* YAML or JSON. NULL with every fault that was found in one message. */
struct configfile *configfile_parse(const char *text, size_t n, struct err *err) MUST_CHECK;
/* A table as flags_parse takes it, with what the file says for defaults: an array to free(). Their texts are the file's. */
struct flag *configfile_flags(const struct configfile *c, const struct flag *table);
void configfile_free(struct configfile *c); /* for tests; NULL is fine */

/* What holds, out of the flags' targets: {"kubeletconfig":{…}} of /configz. The caller puts it. */
js *configfile_told(const struct flag *table);
/* A row that names a flag which is not in the table; NULL = none. For tests. */
const char *configfile_stray(const struct flag *table); /* for tests */

#endif
