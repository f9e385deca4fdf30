/** knip's own reporters do not say how many files were looked at; this one does, as one JSON document. */
export default ({ issues, counters, configurationHints, cwd }) => {
  const faults = []
  for (const [kind, byFile] of Object.entries(issues)) {
    if (kind === '_files') continue
    for (const bySymbol of Object.values(byFile))
      for (const issue of Object.values(bySymbol))
        faults.push(
          `${issue.filePath.replace(`${cwd}/`, '')}${issue.line ? `:${issue.line}` : ''} unused or missing (${kind}): ${issue.symbol}`,
        )
  }
  for (const hint of configurationHints) faults.push(`knip.json: ${hint.type}: ${hint.identifier}`)
  process.stdout.write(JSON.stringify({ processed: counters.processed, faults }))
}
