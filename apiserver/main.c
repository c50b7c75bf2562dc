/* SPDX-License-Identifier: Apache-2.0 */
/* The apiserver: flags, and an instance until somebody says stop. */
#include <malloc.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/settle.h"
#include "base/thread.h"
#include "instance.h"
#include "object/version.h"
#include "serve/gate_metric.h"

static struct instance_options opt;
static int64_t shutdown_delay_ns;
static const struct flag flags[] = {
	{"secure-port", FLAG_INT, &opt.port, "6443", "The port on which to serve HTTPS.", 1, 65535},
	{"bind-address", FLAG_STRING, &opt.bind_address, "0.0.0.0", "The IP address on which to listen.", 0,
	 0},
	{"advertise-address", FLAG_STRING, &opt.advertise_address, "",
	 "The IP address on which the cluster reaches this server; by default the bind address, or the host's first one.",
	 0, 0},
	{"tls-cert-file", FLAG_STRING, &opt.cert_file, "",
	 "File with the serving certificate (and its chain), PEM.", 0, 0},
	{"tls-private-key-file", FLAG_STRING, &opt.key_file, "", "File with the key of --tls-cert-file, PEM.",
	 0, 0},
	{"client-ca-file", FLAG_STRING, &opt.client_ca_file, "",
	 "Client certificates signed by one of the authorities in this file are trusted.", 0, 0},
	{"requestheader-client-ca-file", FLAG_STRING, &opt.front_proxy_ca_file, "",
	 "Authorities of the front proxies that say in headers whose requests they bring; published in the ConfigMap kube-system/extension-apiserver-authentication.",
	 0, 0},
	{"requestheader-allowed-names", FLAG_STRING, &opt.front_proxy.allowed_names, "",
	 "Common names of front proxies' client certificates, comma-separated; any when there are none. Published likewise.",
	 0, 0},
	{"requestheader-username-headers", FLAG_STRING, &opt.front_proxy.usernames, "",
	 "Headers that name the user, comma-separated (X-Remote-User). Published likewise.", 0, 0},
	{"requestheader-uid-headers", FLAG_STRING, &opt.front_proxy.uids, "",
	 "Headers with the user's UID, comma-separated (X-Remote-Uid). Published likewise.", 0, 0},
	{"requestheader-group-headers", FLAG_STRING, &opt.front_proxy.groups, "",
	 "Headers with the user's groups, comma-separated (X-Remote-Group). Published likewise.", 0, 0},
	{"requestheader-extra-headers-prefix", FLAG_STRING, &opt.front_proxy.extra_prefixes, "",
	 "Prefixes of headers that say more of the user, comma-separated (X-Remote-Extra-). Published likewise.",
	 0, 0},
	{"token-auth-file", FLAG_STRING, &opt.token_file, "",
	 "File with static bearer tokens, CSV: token,user,uid,\"groups\".", 0, 0},
	{"storage-backend", FLAG_STRING, &opt.storage_backend, "",
	 "sqlite or etcd; by default etcd when --etcd-servers is given.", 0, 0},
	{"data-dir", FLAG_STRING, &opt.data_dir, "/var/lib/coracle", "Folder of the embedded store.", 0, 0},
	{"force-damaged-store", FLAG_BOOL, &opt.force_damaged_store, "false",
	 "Start although the embedded store is damaged, or older than what was acknowledged, with what is left of it. For one start: writes may be missing; revisions go on far above all that were used.",
	 0, 0},
	{"etcd-servers", FLAG_STRING, &opt.etcd_servers, "",
	 "etcd servers, comma-separated URLs; when one cannot be reached, the next one is used.", 0, 0},
	{"etcd-transport", FLAG_STRING, &opt.etcd_transport, "grpc",
	 "How to talk to etcd: grpc, or gateway, its JSON gateway, for an etcd behind something that does not speak HTTP/2.",
	 0, 0},
	{"etcd-cafile", FLAG_STRING, &opt.etcd_ca, "", "CA file for etcd.", 0, 0},
	{"etcd-certfile", FLAG_STRING, &opt.etcd_cert, "", "Client certificate for etcd.", 0, 0},
	{"etcd-keyfile", FLAG_STRING, &opt.etcd_key, "", "Key of the client certificate for etcd.", 0, 0},
	{"service-cluster-ip-range", FLAG_STRING, &opt.service_cidr, "10.96.0.0/12",
	 "Range from which Services get their addresses.", 0, 0},
	{"max-requests-inflight", FLAG_INT, &opt.max_read, "400",
	 "Reads that may wait for the store at the same time; reads that need not wait are not limited.", 1,
	 100000},
	{"max-mutating-requests-inflight", FLAG_INT, &opt.max_mutating, "64",
	 "Writes that run at the same time.", 1, 1000},
	{"kubelet-certificate-authority", FLAG_STRING, &opt.kubelet_ca, "",
	 "CA file for calls to node agents.", 0, 0},
	{"kubelet-client-certificate", FLAG_STRING, &opt.kubelet_cert, "",
	 "Client certificate for calls to node agents.", 0, 0},
	{"kubelet-client-key", FLAG_STRING, &opt.kubelet_key, "",
	 "Key of the client certificate for node agents.", 0, 0},
	{"shutdown-delay-duration", FLAG_DURATION, &shutdown_delay_ns, "0s",
	 "How long to go on serving when told to stop, while /readyz fails already.", 0, 0},
	{"kinds-dir", FLAG_STRING, &opt.kinds_dir, "", "Folder with further kind files.", 0, 0},
	FLAG_FEATURE_GATES,
	{0},
};
static const struct flags_program program = {
	.name = "apiserver",
	.about = "Serves the Kubernetes API.",
	.version = VERSION_LINE,
	.table = flags,
};

int main(int argc, char **argv)
{
	int64_t start_ns = clock_mono_ns();
	struct err err = ERR_INIT;
	switch (flags_parse(&program, argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "apiserver: %s\n", err.msg);
		return 2;
	case FLAGS_OK:
		break;
	}
	stop_install();
	gate_metric_report();
	/* One for the store's writer, which makes all objects that stay, and others for the threads of requests: short-lived
	   trees between objects that stay would be allocated from cold holes all over the heap. */
	mallopt(M_ARENA_MAX, 4);
	struct instance *i = instance_start(&opt, &err);
	if (!i) {
		log_err(&err, "cannot start", NULL);
		return 1;
	}
	log_info("serving", "address=%s port=%d start_ms=%lld revision=%llu", opt.bind_address,
		 instance_port(i), (long long)((clock_mono_ns() - start_ns) / NS_PER_MS),
		 (unsigned long long)instance_revision(i));
	settle_stop_wait();
	log_info("shutting down", NULL);
	instance_announce_stop(i, shutdown_delay_ns);
	instance_stop(i);
	return 0;
}
