# frozen_string_literal: true

# Real dumps through hdactl -f DIR leaks --json: real_score.rb [--tap|--table] [-n N,N] [--keep DIR] HDACTL [CASE ...]
# Every case of real_cases.rb runs traced and untraced; after each n dumps the verdict is compared with the truth. --table prints the
# figures, --tap a test for each promise. Cases whose gems are missing are skipped and said. --keep: series are left in DIR and taken
# from there the next time (some 4 GB for all of them).
require "fileutils"
require "json"
require "open3"
require "tmpdir"

HERE = __dir__
DUMPS, JOBS = 12, 200
tap = ARGV.delete("--tap")
ARGV.delete("--table")
ns = [4, 5, 6, 8, 10, 12]
if (at = ARGV.index("-n"))
	ns = ARGV[at + 1].split(",").map(&:to_i)
	ARGV.slice!(at, 2)
end
keep = nil
if (at = ARGV.index("--keep"))
	keep = File.expand_path(ARGV[at + 1])
	ARGV.slice!(at, 2)
end
hdactl, *only = ARGV
Truth = Struct.new(:name, :truth, :dumps, :libs, :pattern, :until)
cases = `#{RbConfig.ruby} --disable-gems #{HERE}/real_cases.rb list`.lines.map do |l|
	name, truth, dumps, libs, pattern, early = l.chomp.split("\t")
	Truth.new(name, truth, dumps.to_i, libs.to_s.split(","), Regexp.new(pattern), early.to_i)
end
cases.select! { |c| only.empty? || only.include?(c.name) }

def lines_of(hdactl, files)
	Dir.mktmpdir("hda-real") do |dir|
		files.each { |f| FileUtils.ln_s(f, dir) }
		out, err, = Open3.capture3(hdactl, "-f", dir, "leaks", "--json")
		JSON.parse(out)["rows"].select { |r| r["label"] }
	rescue JSON::ParserError
		abort "real_score: hdactl: #{err}#{out}"
	end
end

# The dumps of one series, oldest first, made unless they are there.
def series(c, mode, dumps, dir)
	unless File.exist?("#{dir}/done")
		FileUtils.rm_rf(dir)
		FileUtils.mkdir_p(dir)
		system(RbConfig.ruby, *(c.libs.empty? ? ["--disable-gems"] : []), "-W0", "#{HERE}/real_cases.rb", c.name, mode, dir, dumps.to_s, JOBS.to_s) or abort "real_score: #{c.name} #{mode} failed"
		FileUtils.touch("#{dir}/done")
	end
	Dir["#{dir}/heap-*"].sort
end

# What one series gave at n dumps.
Got = Struct.new(:c, :mode, :n, :right, :split, :wrong, :early, :first, :label)

def judge(c, mode, n, rows)
	leaks = rows.select { |r| r["label"] == "leak" }
	mine = ->(r) { c.truth == "leak" && "#{r["class"]} #{r["file"]}:#{r["line"]} #{r["holder"]}".match?(c.pattern) }
	right, wrong = leaks.partition(&mine)
	early = []
	early, wrong = wrong, early if n <= c.until # a cache that only fills yet is a leak to all who see its births and deaths
	if ENV["HDA_SCORE_VERBOSE"]
		rows.first(6).each { |r| warn "#{c.name} #{mode} n=#{n}: #{mine[r] ? "+" : "-"} #{r.slice("label", "confidence", "class", "file", "line", "holder", "objects_per_job").values.join(" | ")}" }
	end
	top = rows.reject { |r| r["label"] == "slow" }.first
	Got.new(c, mode, n, right.empty? ? 0 : 1, [right.size - 1, 0].max, wrong, early, top && mine[top], rows.find(&mine)&.fetch("label"))
end

missing = []
gots = cases.flat_map do |c|
	unless c.libs.empty? || system(RbConfig.ruby, *c.libs.map { |l| "-r#{l}" }, "-e", "", err: File::NULL)
		missing << c.name
		next []
	end
	%w[trace notrace].flat_map do |mode|
		Dir.mktmpdir("hda-real") do |tmp|
			dumps = c.dumps.zero? ? (keep ? DUMPS : [DUMPS, ns.max].min) : c.dumps
			files = series(c, mode, dumps, "#{keep || tmp}/#{c.name}-#{mode}")
			at = (c.dumps.zero? ? ns : ns + (ns.max + 3...dumps).step(5).to_a + [dumps]).select { |n| n <= dumps }.uniq
			at.map { |n| judge(c, mode, n, lines_of(hdactl, files.first(n))) }
		end
	end
end

if tap
	test = failed = 0
	say = lambda do |good, text, why|
		failed += 1 unless good
		puts "#{good ? "" : "not "}ok #{test += 1} - #{text}"
		why.each { |w| puts "# #{w}" } unless good
	end
	missing.each { |name| puts "ok #{test += 1} - #{name} # SKIP its gem is not installed" }
	gots.group_by(&:c).each do |c, of|
		%w[trace notrace].each do |mode|
			mine = of.select { |g| g.mode == mode }
			wrong = mine.flat_map { |g| g.wrong.map { |r| "n=#{g.n}: #{r.slice("class", "file", "line", "holder", "confidence")}" } }
			say[wrong.empty?, "#{c.name} #{mode}: nothing that does not leak is called leak", wrong]
			next unless c.truth == "leak"
			last = mine.last
			say[last.right == 1 && last.first, "#{c.name} #{mode}: the leak is the first line after #{last.n} dumps", ["label #{last.label.inspect}"]]
		end
	end
	leaks = gots.select { |g| g.right == 1 && g.n >= 10 }
	lines = leaks.sum { |g| 1 + g.split }
	say[lines <= 1.3 * leaks.size, "#{leaks.size} leaks in #{lines} lines: at most 1.3 a leak", leaks.reject { |g| g.split.zero? }.map { |g| "#{g.c.name} #{g.mode} n=#{g.n}: #{1 + g.split}" }]
	puts "1..#{test}"
	exit(failed.zero?)
end

puts "| n | leaks found | first | lines a leak | calm series | called leak | ... before anybody could tell |", "|---|---|---|---|---|---|---|"
ns.each do |n|
	of = gots.select { |g| g.n == n }
	leaks, calm = of.partition { |g| g.c.truth == "leak" }
	found = leaks.sum(&:right)
	puts format("| %d | %d of %d | %d | %.2f | %d | %d | %d |", n, found, leaks.size, leaks.count(&:first), leaks.sum { |g| g.right + g.split }.fdiv([found, 1].max), calm.size, of.sum { |g| g.wrong.size }, of.sum { |g| g.early.size })
end
puts
gots.group_by { |g| [g.c, g.mode] }.each do |(c, mode), of|
	puts format("%-26s %-8s %s", c.name, mode, of.map { |g| "#{g.n}:#{g.label || (c.truth == "leak" ? "missed" : "-")}#{g.first ? "!" : ""}#{"+#{g.split}" if g.split.positive?}#{" early" if g.early.any?}#{" WRONG #{g.wrong.size}" if g.wrong.any?}" }.join("  "))
end
puts "skipped, gem missing: #{missing.join(" ")}" unless missing.empty?
