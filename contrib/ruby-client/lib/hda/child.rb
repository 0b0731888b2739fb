# frozen_string_literal: true

# The forked child: writes the heap and leaves by exit!. SPDX-License-Identifier: BSD-2-Clause
require "io/nonblock"
require "objspace"
require "socket"
require "hda/files"
require "hda/host"
require "hda/names"
require "hda/stacks"
require "hda/wire"

module Hda
  # Nothing of the application runs here: no hook on fork, no handler, no at_exit, no finalizer, no logger.
  module Child
    # How it ended: its exit status.
    OK = 0
    BROKEN = 10  # the daemon went away
    FAILED = 13
    DISK = 14    # the file could not be written
    ALARM_EXTRA_S = 2 # the parent kills at the deadline; the kernel does so a little later, should the parent be gone
    NICE = 10
    SIGNALS = %w[HUP INT QUIT TERM USR1 USR2 TTIN TTOU TSTP ALRM CHLD WINCH CONT PIPE].freeze
    SETITIMER = { "x86_64-linux" => 38, "aarch64-linux" => 103 }.freeze # numbers of the system call
    ITIMER_REAL = 0
    DESCRIPTORS_MAX = 65_536 # closed where nothing says which are open
    # How long it lets the application go first.
    CALM_MAX_S = 1.0
    CALM_LOOK_S = 0.05
    CALM_SHARE = 0.02 # of the faults since the fork: with fewer in a look, most of what is written all the time has been copied
    CALM_FAULTS = 16  # so few are none
    STAT_MAX = 1024   # bytes of /proc/PID/stat

    module_function

    # Ruby's own fork: none of the hooks that other gems put before it (they reconnect databases and start threads).
    # A Method that returns the pid in the parent; in the child 0, or nil up to Ruby 3.0.
    def unhooked_fork
      m = Process.respond_to?(:_fork) ? Process.method(:_fork) : Kernel.method(:fork)
      own = m.receiver.singleton_class
      # Not beyond Ruby's own: Object and Kernel may have methods of that name from others.
      m = m.super_method while m.owner != own && m.super_method
      m
    end

    # Settles, yields, says by `report` (an IO of a pipe) what the block returned, and leaves. Never returns. The block returns
    # [exit status, Hash]; keep: descriptors to be left open.
    def run(report, keep, deadline)
      code = FAILED
      begin
        settle(keep + [report.fileno], deadline)
        code, said = yield
        report.write(Wire.pack(said)) if said
      rescue SystemCallError, IOError
        code = BROKEN
      rescue Exception => e # rubocop:disable Lint/RescueException
        code = FAILED
        quietly { report.write_nonblock(Wire.pack("text" => "#{e.class}: #{e.message}".byteslice(0, 300).scrub(""))) }
      ensure
        exit!(code)
      end
    end

    def settle(keep, deadline)
      SIGNALS.each do |s|
        begin
          trap(s, "SYSTEM_DEFAULT")
        rescue ArgumentError
          nil
        end
      end
      quietly { trap("PIPE", "IGNORE") } # EPIPE says the same, and can be answered
      quietly { trap("XFSZ", "IGNORE") }
      quietly { File.write("/proc/self/oom_score_adj", "1000") }
      quietly { Process.setpriority(Process::PRIO_PROCESS, 0, NICE) }
      quietly { Process.setproctitle("hda: heap dump of #{Process.ppid}") }
      descriptors.each do |n|
        next if n <= 2 || keep.include?(n)
        quietly { IO.for_fd(n).close }
      end
      bound(deadline)
    end

    # All that are open; in a chroot without /proc all that can be.
    def descriptors
      Dir.children("/proc/self/fd").map(&:to_i)
    rescue SystemCallError
      (0..[Process.getrlimit(Process::RLIMIT_NOFILE)[0], DESCRIPTORS_MAX].min).to_a
    end

    # Should the parent be gone that watches the clock, the kernel does.
    def bound(deadline)
      s = [deadline.ceil, 1].max
      quietly { Process.setrlimit(Process::RLIMIT_CPU, s, s) }
      number = SETITIMER[RUBY_PLATFORM[/\A\w+-linux/]] or return
      $VERBOSE = nil # syscall warns that it is unusual
      span = [0, 0, s + ALARM_EXTRA_S, 0].pack("q4")
      # By its address: a String with zeroes in it is not taken.
      quietly { syscall(number, ITIMER_REAL, [span].pack("P").unpack1("J"), 0) }
    end

    # After a fork the application's first write to each page is a fault, and a fault is dear while this process faults, too, to
    # read the heap (here 73 microseconds instead of 32). Most come at once: this process sleeps until they have. It makes next to
    # no objects meanwhile: they would stand in the dump.
    def await_calm(parent, seconds)
      path = "/proc/#{parent}/stat"
      text = "".b
      first = last = faults(path, text)
      (seconds / CALM_LOOK_S).floor.times do
        sleep(CALM_LOOK_S)
        now = faults(path, text)
        return if now - last <= [CALM_FAULTS, (now - first) * CALM_SHARE].max
        last = now
      end
    rescue SystemCallError, IOError
      nil # /proc hides it, or the process is gone: nobody to wait for
    end

    # Page faults that needed no disk: field 10 of /proc/PID/stat. text: a buffer.
    def faults(path, text)
      File.open(path) { |io| io.sysread(STAT_MAX, text) }
      at = text.rindex(")")
      8.times { at = text.index(" ", at + 1) }
      text.byteslice(at + 1, 20).to_i
    end

    def quietly
      yield
    rescue SystemCallError, IOError, ArgumentError, NotImplementedError
      nil
    end

    # BEGIN, the heap, the mark, END: [exit status, nil]. The daemon's word that all is stored is the parent's to wait for: as long as
    # a child lives, each page that the application writes is copied.
    def to_socket(fd, header, seq, **how)
      io = IO.for_fd(fd, "r+b", autoclose: false)
      io.nonblock = false # since 3.4 dump_all cannot write to a non-blocking one
      io.sync = false
      io.write(Wire.frame(Wire::BEGIN_DUMP, seq, header))
      io.flush # from here on the daemon shows it as dumping
      heap(io, **how)
      io.write(Wire::END_MARK)
      io.write(Wire.frame(Wire::END_DUMP, seq + 1, "ok" => true))
      io.flush
      BasicSocket.for_fd(fd).shutdown(Socket::SHUT_WR)
      [OK, nil]
    end

    # The heap, and after it what its objects are called: what finding the names takes must not stand in the dump. No collection
    # comes between, which could move what is named. calm: seconds that the application may go first. stacks: of Stacks.read.
    def heap(io, names: true, calm: 0, stacks: [])
      GC.disable
      await_calm(Process.ppid, calm)
      Stacks.write(io, stacks)
      ObjectSpace.dump_all(output: io)
      io.write(Names.lines) if names
    end

    # The classic file: [exit status, its name].
    def to_file(files, header, **how)
      name = files.write(header["pid"], header["time"].to_i, header["jobs"]) { |io| heap(io, **how) }
      [OK, { "file" => name }]
    rescue SystemCallError => e
      [DISK, { "text" => e.message }]
    end
  end
end
