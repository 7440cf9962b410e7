/**
 * The certificate of the TLS cases: for `localhost` and 127.0.0.1, signed by itself, valid from 2020
 * to 2120.
 *
 * Its key is public, so it protects nothing and nobody must trust it: it is here for tests alone, so
 * that the suite needs no program and no file.
 *
 * May be imported by this folder and `bench/` only.
 *
 * @module
 */

/** The certificate, which is its own authority. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDOkGKWfoOdphw16
pLyIXFUXb+x0BPcVwDVLvraQeJIHnZsiIjYSbQjMxE+dP/8fUuaB9OdBeA9xkvNA
suwtGrSjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
hwR/AAABMB0GA1UdDgQWBBS9R6E/IEINfQ6TkdMl4BFaTUyGPjAKBggqhkjOPQQD
AgNIADBFAiEAn1ozWIAoWA4nNlT3v3bQO8SoX5kIJWsa9FuxCPH1rxgCIHcVTY9b
3r2i/DN59NknS/oM1Nj4Zi/DwiC20Kh/xnXU
-----END CERTIFICATE-----
`;

/** Its key. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2mQHVuCkqALvgXMs
fAdcWu+bVoAinTC/OQAYC8qDJgyhRANCAAQzpBiln6DnaYcNeqS8iFxVF2/sdAT3
FcA1S762kHiSB52bIiI2Em0IzMRPnT//H1LmgfTnQXgPcZLzQLLsLRq0
-----END PRIVATE KEY-----
`;
