package main

// exchangeText is how nodes are measured.
const exchangeText = `# Numbers of the exchange

What nodes do with letters, beside what their stores alone do of it. This page is written by ` + "`make bench`" + ` (` + "`bench -set exchange`" + `); run it to
measure again.

%s, commit %s, %d processors (%s), %s, %s, load at the end %s. **%d of %d numbers are met.**

## Method

Everything is one run, on real stores (SQLite, a folder of files, each act durable), each measurement on new ones in the folder for temporary
files. Nodes of one measurement share this machine's processors and disk; but for the large file they are in one process, over TLS on loopback.
Sizes are those that end in a quarter of an hour, unless a row or this page says that they are the ones asked for (` + "`-full`" + `: 4 GiB and 100 cuts,
a million letters, a million documents).
Rates are taken in rounds, base and all others once in each; *found* is the median of the ratios, round by round. The time of processors
beside it, of all that is in the process, depends less on what else the machine does.

- *base*: the changes that a ward wrote for its letters, recorded, are written to a new store again, files first, by the same code of the stores, 256
  at once, with nothing above it: no signature, no server, no decision.
- *accept*: SendDocument of 256 clerks at once, over four connections, to an agency that is elsewhere, with no link up; *without a network* the same
  by a call in the process.
- *one hop*: letters that wait at the ward go to the district, their home, until the ward has every answer.
- *ward to province and back*: from the first SendDocument of 256 clerks to the last Delivered at the ward.
- *latency*: the same from each SendDocument to its Delivered, sent one after another at half the rate found before.
- Letters of 10 KB are no PDF inside: nobody judges any file here. Those of 200 KB are signed, and are carried as they are.
- *an evidence file*: of a letter of 200 KB that has gone from the ward to the province, exported by the ward; verified in memory, the median of all.
- *a backlog*: letters of 10 KB were taken while the district was away; then it comes. Base is taken before that and after. Order: as the
  journals of both have it; what a link has under way (64) may overtake one another, and numbered versions of one document are put in order where they arrive.
- *a store that grows*: letters are written by the store alone, each with its file's row, delivery, statement and journal entry. Then the same is asked of
  both stores in five interleaved runs, for letters all over them, from pages in memory; the plans of all queries are tested beside the stores.
- *a large file*: each node a process of its own. The line between two of them breaks after so many bytes; or the district is killed (kill -9) and
  started again. What passes towards the receiver beyond the bytes of the file has come twice, or is what frames and TLS add (0.4 %%). Memory is VmHWM of the
  whole process.
`
