-- A49: no step's process held more than its limit and 1.5 GiB, as measured while it ran
select count(*) from memory where peak_rss_bytes > memory_limit_bytes + 1.5 * 1024 ** 3
