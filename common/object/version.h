/* SPDX-License-Identifier: Apache-2.0 */
/* The project's version, and that of the Kubernetes API that it serves. */
#ifndef OBJECT_VERSION_H
#define OBJECT_VERSION_H

#define CORACLE_VERSION "0.1.0"
#define KUBERNETES_VERSION "v1.34.0"
/* What --version prints. */
#define VERSION_LINE "Coracle v" CORACLE_VERSION " (Kubernetes " KUBERNETES_VERSION ")"

#endif
