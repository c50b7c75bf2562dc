/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that make a container feel at home: /etc/hosts, /etc/resolv.conf, its host name (kubelet
 * kubelet_pods.go, network/dns). Pure text; the caller reads the host's files and writes the Pod's. Any
 * thread.
 */
#ifndef POD_HOSTFILES_H
#define POD_HOSTFILES_H

#include "pod/spec.h"
#include "runtime/runtime.h"

/* spec.hostname or the Pod's name, cut at 63 bytes (and at no '.' or '-'). */
void hostfiles_hostname(const struct pod *p, char out[64]); /* for tests */
#define HOSTFILES_NAME_MAX 65				    /* the kernel's 64 and NUL */
/* What the kernel calls the Pod's machine: its host name, with its domain when it says setHostnameAsFQDN. */
int hostfiles_nodename(const struct pod *p, const char *cluster_domain, char out[HOSTFILES_NAME_MAX],
		       struct err *err) MUST_CHECK;
/* ips: of the Pod. host_hosts: the host's /etc/hosts, used with hostNetwork. */
void hostfiles_hosts(struct buf *out, const struct pod *p, const char *const ips[RUNTIME_IPS_MAX],
		     const char *cluster_domain, const char *host_hosts);
struct hostfiles_dns {
	const char *cluster_dns;    /* comma-separated addresses; NULL or "" = there is no cluster DNS */
	const char *cluster_domain; /* "cluster.local" */
	const char *host_resolv;    /* the host's resolv.conf */
};
void hostfiles_resolv(struct buf *out, const struct pod *p, const struct hostfiles_dns *dns);

#endif
