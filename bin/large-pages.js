/** Of glibc: memory that is asked for in large pieces lies in pages of 2 MiB, where the kernel has them for those who ask. */
const TUNABLE = 'glibc.malloc.hugetlb'

/**
 * An environment in which the memory of a process lies in large pages; the same one where it says something of them, or the platform has no glibc.
 * What the server holds is touched all over the place: with pages of 4 KiB ingest took up to a fourth more CPU time (docs/decisions/009-large-bodies.md).
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {NodeJS.Platform} platform
 * @returns {NodeJS.ProcessEnv}
 */
export function inLargePages(environment, platform) {
  const { GLIBC_TUNABLES: tunables = '' } = environment
  if (platform !== 'linux' || tunables.includes(TUNABLE)) return environment
  return { ...environment, GLIBC_TUNABLES: [tunables, `${TUNABLE}=1`].filter(Boolean).join(':') }
}
