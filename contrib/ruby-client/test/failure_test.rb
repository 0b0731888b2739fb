# frozen_string_literal: true

# The rows of the failure table that need a process of their own: ends of the parent, exec, daemonize, chroot, odd settings of Ruby.
# SPDX-License-Identifier: BSD-2-Clause
require_relative "helper"

class FailureTest < HdaTest
  # What the programs share; LOG is what the gem said.
  HEAD = <<-'RUBY'
    require "hda"
    LOG = Class.new { def lines = @lines ||= []; def warn(line) = lines << line }.new
    SOCK = ENV.fetch("SOCK")
    def start(**o) = Hda.start(**{ app: "t", socket: SOCK, every: 1, jitter: 0, min_interval: 0, headroom: 0, logger: LOG }.merge(o))
    def till(what, s = 40)
      limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + s
      until yield
        abort "#{what}: not in time; #{Hda.status} #{LOG.lines}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > limit
        sleep 0.005
      end
    end
    def dumped(n = 1) = till("dump #{n}") { Hda.status[:dumps] >= n }
  RUBY
  ENDED = %w[Z X].freeze

  def said(code, env = {}, *args)
    out, err, good = ruby(HEAD + code, { "SOCK" => @path }.merge(env), *args)
    assert good, "#{out}#{err}"
    [out.split("\n"), err]
  end

  def running?(pid)
    s = File.read("/proc/#{pid}/stat").rpartition(")")[2].split[0]
    !ENDED.include?(s)
  rescue SystemCallError
    false
  end

  # The parent ends in the middle of a dump, which the daemon reads slowly: the child goes on by itself, and ends.
  def parent_ends_by(signal)
    child = whole = parent = nil
    gone = Queue.new
    serve do |s, _|
      s.go
      s.frame
      child = File.read("/proc/#{parent}/task/#{parent}/children").split.map(&:to_i) +
              Dir["/proc/#{parent}/task/*/children"].flat_map { |f| File.read(f).split.map(&:to_i) }
      Process.kill(signal, parent)
      gone.pop
      s.read_heap
      whole = true # no ACK: the parent, whose it would be, is gone, and the child leaves without one
    end
    r, w = IO.pipe
    env = { "SOCK" => @path, "RUBYOPT" => nil, "HDA" => nil, "HEAP_DUMP" => nil }
    parent = Process.spawn(env, RbConfig.ruby, "-I", LIB, "-I", __dir__, "-e", "#{HEAD}\nKEEP = Array.new(50_000) { |i| i.to_s * 3 }\nstart; $stdin.gets; Hda.tick; sleep",
                           in: r, err: File::NULL)
    w.puts "go"
    _, status = Process.wait2(parent)
    gone << true
    await("the dump goes on to its end") { whole }
    child = child.uniq
    assert_equal 1, child.size
    await("the child ends") { !running?(child[0]) }
    status
  ensure
    w&.close
    r&.close
  end

  def test_parent_gets_term_during_a_dump
    status = parent_ends_by(:TERM)
    assert_equal Signal.list["TERM"], status.termsig, "as it would without hda"
  end

  def test_parent_is_killed_during_a_dump
    assert_equal Signal.list["KILL"], parent_ends_by(:KILL).termsig
  end

  # The system gives no process more: a limit that only counts for users other than root.
  def test_fork_fails
    skip "needs root" unless Process.euid.zero?
    File.chmod(0o755, @dir)
    code = <<-'RUBY'
      require "helper"
      File.umask(0)
      StandIn.new(SOCK) { |s, _| s.take }
      Process::Sys.setuid(65_534)
      start(every: 1000)
      Hda.tick
      till("the thread") { Hda.status[:connected] }
      before = Process.getrlimit(:NPROC)
      Process.setrlimit(:NPROC, 1, before[1])
      p Hda.dump!(wait: true).match?(/\A[1-9]\d* of 1 processes of this user\z/)
      p Hda.status[:failures], Hda.status[:attempts], Hda.status[:dumps]
      3.times { Hda.dump!(wait: true) }
      p Hda.status[:failures], LOG.lines.size
      Process.setrlimit(:NPROC, *before)
      p Hda.dump!(wait: true), Hda.status[:dumps]
    RUBY
    out, = said(code)
    assert_equal ["true", "{:fork=>1}", "0", "0", "{:fork=>4}", "1", "true", "1"], out
  end

  def test_exec_inherits_nothing_and_daemonize_is_a_new_life
    d = serve { |s, _| s.take }
    ends = 'Dir.children("/proc/self/fd").map { |n| File.readlink("/proc/self/fd/#{n}") rescue nil }.grep(/socket|pipe/)'
    code = <<-RUBY
      before = #{ends}
      start(every: 1)
      Hda.tick
      dumped
      till("the idle connection") { Hda.status[:connected] }
      r, w = IO.pipe
      if (pid = fork)
        w.close
        Process.wait(pid)
        puts r.read
        $stdout.flush
        ENV["MINE"] = (#{ends} - before).join(" ")
        exec(RbConfig.ruby, "-e", 'p ENV["MINE"].include?("socket:"), #{ends} & ENV["MINE"].split')
      end
      Process.daemon(true, true) # another fork
      Hda.tick
      dumped
      w.puts ["jobs", Hda.status[:jobs], Hda.status[:pid] == Process.pid].join(" ")
      w.close
      exit!(0)
    RUBY
    out, = said(code)
    assert_equal ["jobs 1 true", "true", "[]"], out
    assert_equal 2, d.sessions.map { |s| s.header["pid"] }.uniq.size, "the daemonized one is another process"
    assert_equal [1, 1], d.sessions.map { |s| s.header["jobs"] }
  end

  # The socket is not there any more: one line, and the ticks go on.
  def test_chroot
    skip "needs root" unless Process.euid.zero?
    serve { |s, _| s.take }
    jail = "#{@dir}/jail"
    Dir.mkdir(jail)
    code = <<-'RUBY'
      start(every: 1)
      Hda.tick
      dumped
      Dir.chroot(ENV.fetch("JAIL"))
      till("it sees that") { Hda.tick; Hda.status[:failures].any? }
      p Hda.status[:failures].keys, LOG.lines.size, Hda.status[:state]
    RUBY
    out, = said(code, { "JAIL" => jail })
    assert_equal ["[:absent]", "1", ":backoff"], out
  end

  # Where the socket is in the jail, and nothing else: not even /proc, which says what is open.
  def test_chroot_with_the_socket
    skip "needs root" unless Process.euid.zero?
    d = serve { |s, _| s.take }
    code = <<-'RUBY'
      start(socket: "/ingest.sock", every: 1000)
      r, w = IO.pipe
      Dir.chroot(ENV.fetch("JAIL"))
      Hda.tick
      p Hda.dump!(wait: true), LOG.lines
    RUBY
    out, = said(code, { "JAIL" => @dir })
    assert_equal %w[true []], out
    assert_equal 1, d.sessions.size
  end

  PLAIN = <<-'RUBY'
    start(every: 1000)
    Hda.tick("A")
    p Hda.dump!(wait: true), LOG.lines
  RUBY
  FLAGS = [%w[--disable-gems], %w[--enable=frozen-string-literal], %w[-w], %w[-W:no-deprecated -W:no-experimental], %w[-d], %w[-Eascii-8bit:utf-8], %w[-Ku]].freeze

  def test_flags_of_ruby_change_nothing
    serve { |s, _| s.take }
    FLAGS.each do |flags|
      out, err = said(PLAIN, {}, *flags)
      assert_equal ["true", "[]"], out, flags.join(" ")
      # -d tells of every exception that anybody raises.
      assert_empty err.lines.reject { |l| l.start_with?("Exception ") || !l.include?(LIB) }, flags.join(" ")
    end
  end

  def test_stress_and_reports_of_threads_change_nothing
    serve { |s, _| s.take }
    code = <<-'RUBY'
      Thread.report_on_exception = true
      Thread.abort_on_exception = true
      start(every: 1000)
      Hda.tick
      GC.stress = true
      Hda.tick("A")
      GC.stress = false
      p Hda.dump!(wait: true)
      start(socket: "/nonexistent/sock", every: 1)
      Hda.tick
      till("a failure") { Hda.status[:failures].any? }
      p Hda.status[:failures].keys
    RUBY
    out, err = said(code)
    assert_equal ["true", "[:absent]"], out
    assert_empty err
  end

  # In a fiber of a scheduler no hook of that is called: a tick blocks nothing. In a Ractor it does nothing.
  def test_schedulers_of_fibers_and_ractors
    serve { |s, _| s.take }
    code = <<-'RUBY'
      class Strict
        %i[block unblock kernel_sleep io_wait io_read io_write timeout_after process_wait address_resolve].each do |hook|
          define_method(hook) { |*| $called = hook; raise "hook #{hook}" }
        end
        def fiber(&b) = Fiber.new(blocking: false, &b).tap(&:resume)
        def close = nil
      end
      $VERBOSE = nil
      start(every: 3)
      Thread.new do
        Fiber.set_scheduler(Strict.new)
        Fiber.schedule { 3.times { Hda.tick("Fiber") } }
      end.join
      dumped
      p $called, Hda.status[:jobs]
      p Ractor.new { Hda.tick("Ractor") }.take, Hda.status[:jobs], LOG.lines
    RUBY
    out, = said(code)
    assert_equal %w[nil 3 nil 3 []], out
  end

  def test_compaction_is_told
    d = serve { |s, _| s.take }
    said("GC.compact\nGC.compact\n#{PLAIN}")
    assert_operator d.sessions[0].header["gc"]["compact_count"], :>=, 2
  end

  def test_traced_from_the_start
    d = serve { |s, _| s.take }
    out, = said("start(every: 1000, trace: true)\nA = Array.new(10) { Object.new }\nHda.tick\np Hda.dump!(wait: true), Hda.tracing?\nHda.stop\np Hda.tracing?")
    assert_equal %w[true true false], out
    assert_equal true, d.sessions[0].header["traced"]
    assert d.sessions[0].to_enum(:each_line).any? { |l| l.include?('"file":"-"') && l.include?('"line":') }
  end
end
