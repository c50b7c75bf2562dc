/* SPDX-License-Identifier: Apache-2.0 */
/* The project's version, and that of the Kubernetes API that it serves. */
#ifndef OBJECT_VERSION_H
#define OBJECT_VERSION_H

#define CORACLE_VERSION "0.1.0"
#define KUBERNETES_MAJOR "1"
#define KUBERNETES_MINOR "34"
#define KUBERNETES_OLDEST_MINOR "33" /* of those that it can work beside: one less */
#define KUBERNETES_VERSION "v" KUBERNETES_MAJOR "." KUBERNETES_MINOR ".0"
/* What --version prints. */
#define VERSION_LINE "Coracle v" CORACLE_VERSION " (Kubernetes " KUBERNETES_VERSION ")"

#endif
