# frozen_string_literal: true

# The child and its end, what stands in the header, the files. SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"
require "minitest/mock"

class DumpTest < HdaTest
  W = Hda::Wire

  # --- what leaves the process ---

  HELLO = %w[app boot client host m max min pid pidns prole rev role start].freeze
  HEAD = %w[app boot gc host job_mix jobs marks mem mono pid pidns platform ppid reason rev role ruby seq start threads time traced full uptime_s].freeze

  def test_the_header_is_what_the_readme_says_and_no_more
    d = serve { |s, _| s.take }
    a = agent(every: 3, app: "shop", role: "web", revision: "4e3a1c")
    3.times { a.tick("Mail") }
    await("a dump") { a.status[:dumps] == 1 }
    s = d.sessions[0]
    h = s.header
    assert_equal [HELLO.sort, %w[reason], HEAD.sort], [s.hello.keys.sort, s.want.keys, h.keys.sort]
    assert_equal ["shop", "web", "4e3a1c", Process.pid, Process.ppid, Socket.gethostname, RUBY_VERSION, RUBY_PLATFORM],
                 h.values_at("app", "role", "rev", "pid", "ppid", "host", "ruby", "platform")
    assert_equal [File.read("/proc/sys/kernel/random/boot_id").strip, File.stat("/proc/self/ns/pid").ino, "web"], [h["boot"], h["pidns"], s.hello["prole"]]
    assert_equal [false, false, Thread.list.size], h.values_at("traced", "full", "threads")
    assert_in_delta Time.now.to_f, h["time"], 60
    assert_in_delta mono, h["mono"], 60
    assert_includes 0.0..60.0, h["uptime_s"]
    ticks = File.read("/proc/self/stat").rpartition(")")[2].split[19].to_i
    assert_equal ticks, h["start"]
    assert_empty h["gc"].keys - Hda::Header::GC_KEYS.map(&:to_s)
    assert_operator h["gc"].size, :>=, Hda::Header::GC_KEYS.size - 1 # not each Ruby has each
    assert_empty h["mem"].keys - %w[rss pss swap cgroup_usage cgroup_limit]
    assert_operator h["mem"]["pss"], :<=, h["mem"]["rss"]
    own = File.read("/proc/self/smaps_rollup")[/^Pss:\s+(\d+)/, 1].to_i * 1024
    assert_operator h["mem"]["pss"], :>, own * 0.8, "of this process, not of a child that shares each page with it"
    assert_equal 3, h["mem"].keys.count { |k| %w[rss pss swap].include?(k) }
    assert_equal [2, 3], [h["marks"].size, h["marks"][0].size]
    assert_in_delta Time.now.to_f, h["marks"][0][1], 60
  end

  def test_memory_of_the_control_group_stands_in_it
    Hda::Host.stub(:groups, [{ usage: 900, used: 700, limit: 1000 }, { usage: 5000, used: 4000, limit: nil }, { usage: 80, used: 80, limit: 90 }]) do
      assert_equal [80, 90], Hda::Host.memory.values_at("cgroup_usage", "cgroup_limit"), "the one that ends first"
      assert_equal 10, Hda::Host.free
      Hda::Host.stub(:available, 7) { assert_equal 7, Hda::Host.free, "or the host" }
    end
    Hda::Host.stub(:groups, [{ usage: 900, used: 700, limit: nil }]) { assert_equal [900, nil], Hda::Host.memory.values_at("cgroup_usage", "cgroup_limit") }
    Hda::Host.stub(:groups, []) { assert_nil Hda::Host.memory["cgroup_usage"] }
  end

  def test_a_name_with_blanks_and_brackets_hides_no_start_time
    fields = (3..60).map(&:to_s)
    Hda::Host.stub(:read, "12 (a) b (c)) #{fields.join(' ')}") { assert_equal 22, Hda::Host.start_time }
  end

  # --- the child's beginning ---

  # How often the child looked before it began, the parent's faults being these; nil: there is no parent.
  def looks(faults, seconds = 1.0)
    n = 0
    seen = ->(*) { (faults.size > 1 ? faults.shift : faults[0]) || raise(Errno::ESRCH) }
    Hda::Child.stub(:faults, seen) do
      Hda::Child.stub(:sleep, ->(_) { n += 1 }) { Hda::Child.await_calm(Process.pid, seconds) }
    end
    n
  end

  def test_the_application_goes_first
    assert_equal 1, looks([500, 510]), "it writes next to nothing"
    assert_equal 5, looks([500, 900, 2000, 2700, 2800, 2810]), "until a look brings hardly anything"
    assert_equal 20, looks((0..100).map { |i| i * 1000 }), "not for ever"
    assert_equal 2, looks((0..100).map { |i| i * 1000 }, 0.1), "a tenth of a short deadline"
    assert_equal 1, looks([500, nil]), "the process is gone"
    assert_nil Hda::Child.await_calm(0, 1.0), "/proc hides it"
  end

  # hdactl ps shows it as dumping meanwhile.
  def test_the_daemon_hears_of_it_before
    heard = Queue.new
    serve { |s, _| s.go; heard << s.frame[0]; s.hang }
    a = agent
    Hda::Child.stub(:await_calm, ->(*) { sleep 60 }) do
      a.tick
      await("BEGIN", 20) { !heard.empty? }
    end
    assert_equal W::BEGIN_DUMP, heard.pop
  ensure
    children.each { |pid| Process.kill(:KILL, pid) }
  end

  # What the child makes stands in the dump.
  def test_waiting_makes_next_to_no_objects
    n = 0
    own = Hda::Child.method(:faults)
    Hda::Child.stub(:faults, ->(path, text) { own.call(path, text); n += 1000 }) do
      Hda::Child.stub(:sleep, nil) do
        Hda::Child.await_calm(Process.pid, 1.0)
        before = GC.stat(:total_allocated_objects)
        Hda::Child.await_calm(Process.pid, 1.0)
        # The stubs make some, too.
        assert_operator GC.stat(:total_allocated_objects) - before, :<, 250
      end
    end
    assert_equal 42_000, n
  end

  def test_faults_are_field_ten
    fields = (3..60).map(&:to_s)
    text = +""
    File.write("#{@dir}/stat", "12 (a) b (c)) #{fields.join(' ')}")
    assert_equal 10, Hda::Child.faults("#{@dir}/stat", text)
    before = Hda::Child.faults("/proc/self/stat", text)
    ("x" * (16 << 20)).setbyte(0, 65)
    assert_operator Hda::Child.faults("/proc/self/stat", text) - before, :>, 1000
  end

  # --- the child's end ---

  # The parent is gone, and the daemon reads nothing: the kernel's clock ends the child.
  ORPHAN = <<-'RUBY'
    require "hda"
    KEEP = Array.new(50_000) { |i| i.to_s * 3 }
    trap("TERM") { File.write("/dev/stderr", "handler") }
    Hda.start(app: "t", socket: ENV.fetch("SOCK"), every: 1, headroom: 0, deadline: 1)
    $stdin.gets
    Hda.tick
    sleep
  RUBY

  def test_a_child_without_a_parent_is_ended_by_the_kernels_clock
    seen = nil
    parent = nil
    ended = Queue.new
    serve do |s, _|
      s.go
      s.frame
      child = Dir["/proc/#{parent}/task/*/children"].flat_map { |f| File.read(f).split.map(&:to_i) }.first
      seen = { name: File.read("/proc/#{child}/cmdline").delete("\0"), cpu: File.read("/proc/#{child}/limits")[/Max cpu time +(\d+) +(\d+)/],
               caught: File.read("/proc/#{child}/status")[/SigCgt:\s+(\h+)/, 1].to_i(16), ignored: File.read("/proc/#{child}/status")[/SigIgn:\s+(\h+)/, 1].to_i(16) }
      Process.kill(:KILL, parent)
      start = mono
      await("the child's end") { !running?(child) }
      ended << mono - start
    end
    r, w = IO.pipe
    parent = Process.spawn({ "SOCK" => @path, "RUBYOPT" => nil, "HDA" => nil }, RbConfig.ruby, "-I", LIB, "-e", ORPHAN, in: r, err: File::NULL)
    w.puts "go"
    Process.wait(parent)
    # Its alarm comes 2 s after the deadline of 1 s.
    assert_operator ended.pop, :<, 20
    assert_equal ["hda: heap dump of #{parent}", ["1", "1"]], [seen[:name].strip, seen[:cpu].split.last(2)]
    bit = ->(signal) { 1 << (Signal.list[signal] - 1) }
    # Ruby itself has handlers for a few; of the application's own none is left.
    assert_equal [0, bit["PIPE"]], [seen[:caught] & bit["TERM"], seen[:ignored] & bit["PIPE"]]
  ensure
    w&.close
    r&.close
  end

  def running?(pid)
    !%w[Z X].include?(File.read("/proc/#{pid}/stat").rpartition(")")[2].split[0])
  rescue SystemCallError
    false
  end

  # An application that waits for any child gets the dump's, too.
  def test_a_child_that_somebody_else_waited_for_is_lost
    serve { |s, _| s.take }
    a = agent
    stolen = nil
    Process.stub(:wait2, ->(pid, *) { stolen ||= Process.wait(pid); raise Errno::ECHILD }) { a.tick; await_failure(a, :lost) }
    assert stolen
    assert_match(/somebody else waited/, @log.lines[0])
    assert_equal [0, 1], a.status.values_at(:dumps, :attempts)
  end

  def test_a_child_that_the_kernels_clock_ended_is_late
    serve { |s, _| s.go; s.frame; s.frame }
    a = agent
    Hda::Child.stub(:heap, ->(*) { Process.kill(:ALRM, Process.pid) && sleep }) { a.tick; await_failure(a, :deadline) }
    assert_match(/longer than 120 s/, @log.lines[0])
  end

  # What others throw at the hda thread in the moment of a fork hits it after (or never: Ruby's fork forgets it), and not the child.
  def test_what_is_thrown_at_the_thread_waits_for_the_fork
    d = serve { |s, _| s.take }
    a = agent(every: 1000)
    a.tick
    own = Hda::Header.method(:build)
    thrown = lambda do |*args|
      Thread.new { a.instance_variable_get(:@thread).raise("of somebody") }.join
      own.call(*args)
    end
    Hda::Header.stub(:build, thrown) { assert_includes [true, "of somebody"], a.request("demand", wait: true) }
    await("the child's whole dump") { d.sessions[0]&.header && children.all? { |pid| !running?(pid) } }
    assert_equal [1, true], a.status.values_at(:attempts, :thread)
  ensure
    children.each { |pid| Process.wait(pid) }
  end

  def test_an_error_in_the_child_is_told
    serve { |s, _| s.go; s.frame; s.frame }
    a = agent
    Hda::Child.stub(:heap, ->(*) { raise NotImplementedError, "no heap ünd ☃" }) { a.tick; await_failure(a, :child) }
    assert_equal ["hda: child: the dump's child ended with exit 13: NotImplementedError: no heap ünd ☃"], @log.lines
  end

  # Object and Kernel have methods of that name from others: Ruby's own is beyond a hook, and before these.
  def test_the_fork_that_is_rubys_own
    out, err, = ruby(<<-'RUBY')
      require "hda"
      require "hda/agent"
      class Object; def _fork = raise("Object's"); end
      module Kernel; def _fork = raise("Kernel's"); end
      p Process.respond_to?(:_fork), Hda::Child.unhooked_fork.owner == Process.singleton_class
      Process.singleton_class.prepend(Module.new { def _fork = raise("a hook") })
      pid = Hda::Child.unhooked_fork.call
      exit!(3) if pid.zero?
      p Process.wait2(pid)[1].exitstatus
    RUBY
    assert_equal %w[true true 3], out.split("\n"), err
  end

  # --- files ---

  def folder
    "#{@dir}/dumps".tap { |d| Dir.mkdir(d) unless File.directory?(d) }
  end

  def files(budget = 1 << 40)
    Hda::Files.new(folder, budget)
  end

  def test_one_process_at_a_time_writes_there
    lock = files.lock
    a = agent(dir: folder)
    a.tick
    await_failure(a, :dir)
    assert_match(/another process writes a dump/, @log.lines.grep(/dir/)[0])
    assert_empty Dir.children(folder).grep(/heap/)
    lock.close
    assert files.lock
  end

  def test_a_folder_that_cannot_be_used
    a = agent(dir: "#{@dir}/none")
    a.tick
    await_failure(a, :dir)
    await("postponed") { a.status[:state] == :postponed }
    assert_operator a.status[:until], :>, 200
    # Somebody's link where the lock would be: nothing is opened through it.
    File.symlink("#{@dir}/elsewhere", "#{folder}/.hda.lock")
    assert_raises(Errno::ELOOP) { files.lock }
    refute File.exist?("#{@dir}/elsewhere")
  end

  def test_a_file_is_there_when_it_is_whole
    during = nil
    path = files.write(7, 100, 5) { |io| io.write("heap"); io.flush; during = Dir.children(folder) }
    assert_equal [[".heap-7-100-5.part"], "#{folder}/heap-7-100-5.dump", "heap"], [during, path, File.read(path)]
    assert_raises(Errno::ENOSPC) { files.write(7, 101, 6) { raise Errno::ENOSPC } }
    assert_equal ["heap-7-100-5.dump"], Dir.children(folder)
    # Of a child that was killed.
    File.write("#{folder}/.heap-1-2-3.part", "half")
    files.write(7, 102, 7) { |io| io.write("heap") }
    assert_equal %w[heap-7-100-5.dump heap-7-102-7.dump], Dir.children(folder).sort
  ensure
    Process.setrlimit(:FSIZE, Process.getrlimit(:FSIZE)[1])
  end

  def test_what_is_somebody_elses_stays
    skip "needs root" unless Process.euid.zero?
    3.times { |i| File.write("#{folder}/heap-1-#{i}-3.dump", "x" * 100); File.utime(i, i, "#{folder}/heap-1-#{i}-3.dump") }
    File.chown(54_321, nil, "#{folder}/heap-1-0-3.dump")
    File.symlink("/etc/passwd", "#{folder}/heap-9-9-9.dump")
    files(150).prune(0)
    assert_equal %w[heap-1-0-3.dump heap-1-2-3.dump heap-9-9-9.dump], Dir.children(folder).sort
  end

  # After the new one is whole, the oldest go for it.
  def test_the_oldest_go_for_the_new_one
    2.times { |i| File.write("#{folder}/heap-1-#{i}-3.dump", "x" * 100); File.utime(i, i, "#{folder}/heap-1-#{i}-3.dump") }
    pid = fork do
      files(250).write(7, 100, 5) { |io| io.write("y" * 120) }
      exit!(0)
    end
    Process.wait(pid)
    assert_equal %w[heap-1-1-3.dump heap-7-100-5.dump], Dir.children(folder).sort
  end
end
