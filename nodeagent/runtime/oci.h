/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real runtime: sandboxes held by pause, containers run by crun or runc under conmon on overlayfs,
 * network by CNI. What is common to all runtimes is in runtime.h; here is what only this one has. Any thread,
 * after oci_open.
 */
#ifndef RUNTIME_OCI_H
#define RUNTIME_OCI_H

#include "runtime/runtime.h"

/* Adopts what is under c->root; c's strings are copied. NULL when a program or a kernel feature is missing
   (the message says which). */
struct runtime *oci_open(const struct runtime_config *c, struct err *err) MUST_CHECK;

/* The node's podCIDR, once the API server has told it. */
int oci_set_pod_cidr(struct runtime *rt, const char *cidr, struct err *err) MUST_CHECK;
/* False while Pods cannot get a network; *why gets the words for the node's Ready condition
 * (NetworkReady=false …). */
bool oci_network_ready(struct runtime *rt, struct err *why);
/* Images out of an OCI or docker archive; `name` for those without one, may be NULL. Returns how many. */
int oci_import(struct runtime *rt, const char *file, const char *name, struct err *err) MUST_CHECK;
/* Kills and removes everything this cluster has on the machine: containers, sandboxes, mounts, network
   namespaces, bridge, firewall rules, cgroups. Images, logs and volumes stay as plain files. Frees rt, also
   on failure. */
int oci_teardown(struct runtime *rt, struct err *err) MUST_CHECK;

#endif
