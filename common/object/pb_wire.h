/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the protobuf wire format and of the Kubernetes envelope, for pb.c and pb_encode.c. */
#ifndef OBJECT_PB_WIRE_H
#define OBJECT_PB_WIRE_H

#define PB_MAGIC "k8s\0"

enum { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

#endif
