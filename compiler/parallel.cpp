#include "compiler/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cim::compiler {

namespace {

/// Threads that wait for work. One call at a time has them.
class Team {
  public:
    Team() {
        const int others = std::max(1, static_cast<int>(std::thread::hardware_concurrency())) - 1;
        for (int i = 0; i < others; ++i) {
            threads_.emplace_back([this] { wait_for_work(); });
        }
    }
    ~Team() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    /// Calls `work` here and on up to `most` others; false, and nothing done, if others have the team. `work` does not throw.
    bool run(int most, const std::function<void()>& work) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (work_ != nullptr) {
                return false;
            }
            work_ = &work;
            places_ = std::min<int>(most, static_cast<int>(threads_.size()));
        }
        wake_.notify_all();
        work();
        std::unique_lock<std::mutex> lock(mutex_);
        places_ = 0;  // who has not begun need not
        done_.wait(lock, [this] { return busy_ == 0; });
        work_ = nullptr;
        return true;
    }

  private:
    void wait_for_work() {
        std::unique_lock<std::mutex> lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return ending_ || places_ > 0; });
            if (ending_) {
                return;
            }
            --places_;
            ++busy_;
            const std::function<void()>& work = *work_;
            lock.unlock();
            work();
            lock.lock();
            if (--busy_ == 0) {
                done_.notify_one();
            }
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    const std::function<void()>* work_ = nullptr;
    int places_ = 0;  ///< threads that may still begin
    int busy_ = 0;    ///< threads that have begun and not ended
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

/// Made when there is something to share.
Team& team() {
    static Team one;
    return one;
}

}  // namespace

void in_parallel(int count, int least, const std::function<void(int, int)>& work) {
    std::atomic<int> next = 0;
    std::mutex mutex;
    std::exception_ptr thrown;
    const auto take_turns = [&] {
        try {
            for (int begin = next.fetch_add(least); begin < count; begin = next.fetch_add(least)) {
                work(begin, std::min(begin + least, count));
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex);
            thrown = thrown ? thrown : std::current_exception();
        }
    };
    const int ranges = (count + least - 1) / least;
    if (ranges < 2 || !team().run(ranges - 1, take_turns)) {
        take_turns();
    }
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

}  // namespace cim::compiler
