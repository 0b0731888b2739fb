# frozen_string_literal: true

# The forked child: streams the heap and leaves by exit!. SPDX-License-Identifier: BSD-2-Clause
require "io/nonblock"

module Hda
  module Child
    OK = 0
    BROKEN = 10  # the daemon went away
    NO_ACK = 11
    REFUSED = 12
    FAILED = 13
    NICE = 10
    SIGNALS = %w[HUP INT QUIT TERM USR1 USR2 TTIN TTOU TSTP ALRM CHLD WINCH CONT].freeze

    module_function

    # Ruby's own fork: none of the hooks that other gems put before it (they reconnect databases and start threads).
    # Returns the pid in the parent, 0 in the child.
    def fork_unhooked
      m = Process.respond_to?(:_fork) ? Process.method(:_fork) : Kernel.method(:fork)
      own = m.receiver.singleton_class
      # Not beyond Ruby's own: Object and Kernel may have methods of that name from others.
      m = m.super_method while m.owner != own && m.super_method
      m.call || 0
    end

    # Never returns.
    def run(fd, header, seq, config)
      code = FAILED
      begin
        settle(fd)
        bound(config.deadline)
        code = stream(IO.for_fd(fd, "r+b", autoclose: false), header, seq, config.ack_timeout)
      rescue SystemCallError, IOError
        code = BROKEN
      rescue Exception # rubocop:disable Lint/RescueException
        code = FAILED
      ensure
        exit!(code)
      end
    end

    def settle(fd)
      SIGNALS.each do |s|
        begin
          trap(s, "SYSTEM_DEFAULT")
        rescue ArgumentError
          nil
        end
      end
      quietly { File.write("/proc/self/oom_score_adj", "1000") }
      quietly { Process.setpriority(Process::PRIO_PROCESS, 0, NICE) }
      Dir.children("/proc/self/fd").each do |name|
        n = name.to_i
        next if n <= 2 || n == fd
        quietly { IO.for_fd(n).close }
      end
    end

    # Should the parent be gone that watches the clock: the kernel watches at least the processor time.
    def bound(deadline)
      s = [deadline.ceil, 1].max
      quietly { Process.setrlimit(Process::RLIMIT_CPU, s, s) }
    end

    def quietly
      yield
    rescue SystemCallError, IOError, ArgumentError
      nil
    end

    def stream(io, header, seq, ack_timeout)
      io.nonblock = false # since 3.4 dump_all cannot write to a non-blocking one
      io.sync = false
      header["mem"] = Host.memory
      io.write(Wire.frame(Wire::BEGIN_DUMP, seq, header))
      ObjectSpace.dump_all(output: io)
      io.write(Wire::END_MARK)
      io.write(Wire.frame(Wire::END_DUMP, seq + 1, "ok" => true))
      io.flush
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + ack_timeout
      type, = Wire.read_frame(io, deadline)
      type == Wire::ACK ? OK : REFUSED
    rescue Wire::Error
      NO_ACK
    end
  end
end
