// Cryptoki as p11-kit's header declares it: the one place below pkcs11/ that speaks it.
#pragma once

#include <p11-kit/pkcs11.h>
